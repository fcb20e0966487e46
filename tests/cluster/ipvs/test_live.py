"""The inspection in a guest of its own, with the kernel of the day, compared with ipvsadm there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gauntlet.proxy.ipvs import inspection
from gauntlet.proxy.rules import Share
from gauntlet.proxy.rules import ipvs as rules
from tests.cluster.ipvs import guest
from tests.unit.ipvs import ipvsadm

pytestmark = pytest.mark.skipif(bool(guest.MISSING), reason=guest.MISSING)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guest.listings(tmp_path_factory.mktemp("guest"))


def test_agrees_with_ipvsadm(shown: Path) -> None:
    found = inspection.parse((shown / "inspection.txt").read_text(), "guest")
    assert len(found.virtual_servers) == 23
    ipvsadm.assert_agrees(found, (shown / "ipvsadm-Ln.txt").read_text(), (shown / "ipvsadm-Lcn.txt").read_text())


def test_the_kernel_itself_refuses_where_no_real_server_takes_connections(shown: Path) -> None:
    assert json.loads((shown / "refusals.json").read_text()) == {
        "10.96.0.3:80": "ConnectionRefusedError", "10.96.0.3:81": "ConnectionRefusedError",
    }  # fmt: skip


def test_the_rules_of_the_node_are_read(shown: Path) -> None:
    model = rules.forwarding((shown / "rules.txt").read_text())
    assert model.hooked
    # Three jumps, and the chains that they lead to.
    assert (model.size.rules, model.size.chains) == (3, 2)
    (weighted,) = model.find("10.96.0.1", 81)
    assert weighted.inside == tuple(Share(f"10.244.1.{i + 1}", 8080, 2**i / 7) for i in range(3))
    # It has a virtual server, but the node has not its address.
    assert model.find("10.96.0.4", 80) == ()
