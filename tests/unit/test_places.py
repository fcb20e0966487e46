"""Where a run takes place: what follows from the provider, the mode, and the IP families that are asked for."""

from __future__ import annotations

import pytest

from gauntlet.cli.places import places
from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.family import BOTH, Family
from gauntlet.promises.support import Place
from gauntlet.providers import provider
from gauntlet.proxy.modes import traits


@pytest.mark.parametrize(
    ("source", "mode", "families", "one"),
    [
        ("sandbox", ProxyMode.NFTABLES, (), False),
        ("sandbox", ProxyMode.NFTABLES, BOTH, False),
        ("sandbox", ProxyMode.NFTABLES, (Family.IPV6,), True),
        ("sandbox", ProxyMode.USERSPACE, (), True),
        ("kind", ProxyMode.NFTABLES, (), True),
    ],
)
def test_a_cluster_of_one_family(source: str, mode: ProxyMode, families: tuple[Family, ...], *, one: bool) -> None:
    found = places(provider(source), traits(mode), NodeKernel.HOST, families, None)
    assert (Place.ONE_FAMILY in found) is one
    assert Place.SHARED_KERNEL in found
