"""What the stand-in for a load balancer gives a Service, and takes away again."""

from __future__ import annotations

from collections import deque

import pytest

from gauntlet.ground.cluster import Json
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family
from gauntlet.kube.objects import ServiceObject
from gauntlet.providers.ingress import CLASS, ingress, is_settled, wanted
from gauntlet.semantics.objects import Ingress, IpMode

VIP, PROXY = IpMode.VIP, IpMode.PROXY


def _service(
    *present: tuple[str, IpMode],
    modes: tuple[IpMode, ...] | None = None,
    cluster_ips: tuple[str, ...] = ("10.96.0.9",),
    kind: str = "LoadBalancer",
    of_class: str = "",
    value: str = "",
) -> ServiceObject:
    annotations: Json = {} if modes is None else dict(ingress(*modes))
    if value:
        annotations = {"gauntlet.dev/ingress": value}
    return ServiceObject.model_validate(
        {
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": {
                "type": kind, "clusterIP": cluster_ips[0], "clusterIPs": cluster_ips, "loadBalancerClass": of_class,
            },
            "status": {"loadBalancer": {"ingress": [{"ip": ip, "ipMode": str(mode)} for ip, mode in present]}},
        }
    )  # fmt: skip


def _given(service: ServiceObject) -> tuple[Ingress, ...]:
    """With two addresses of each family to give."""
    pools = {Family.IPV4: deque(["10.200.0.8", "10.200.0.9"]), Family.IPV6: deque(["fd10:200::8", "fd10:200::9"])}
    return wanted(service, lambda family: pools[family].popleft() if pools[family] else None)


def test_a_service_that_says_nothing_gets_one_address() -> None:
    assert _given(_service()) == (Ingress("10.200.0.8", VIP),)


def test_one_address_a_mode() -> None:
    assert _given(_service(modes=(VIP, PROXY))) == (Ingress("10.200.0.8", VIP), Ingress("10.200.0.9", PROXY))


def test_one_address_a_family() -> None:
    both = _service(modes=(VIP, PROXY), cluster_ips=("10.96.0.9", "fd10:96::9"))
    assert _given(both) == (
        Ingress("10.200.0.8", VIP), Ingress("fd10:200::8", VIP),
        Ingress("10.200.0.9", PROXY), Ingress("fd10:200::9", PROXY),
    )  # fmt: skip


def test_what_it_has_stays() -> None:
    assert _given(_service(("10.200.0.3", VIP))) == (Ingress("10.200.0.3", VIP),)
    assert _given(_service(("10.200.0.3", VIP), modes=(VIP, VIP)))[0] == Ingress("10.200.0.3", VIP)


def test_an_address_can_change_its_mode() -> None:
    assert _given(_service(("10.200.0.3", VIP), modes=(PROXY,))) == (Ingress("10.200.0.3", PROXY),)


def test_addresses_are_taken_away() -> None:
    two = (("10.200.0.3", VIP), ("10.200.0.4", VIP))
    assert _given(_service(*two, modes=(VIP,))) == (Ingress("10.200.0.3", VIP),)
    assert _given(_service(*two, modes=())) == ()


def test_addresses_of_a_family_that_the_service_lost_are_taken_away() -> None:
    assert _given(_service(("10.200.0.3", VIP), ("fd10:200::3", VIP))) == (Ingress("10.200.0.3", VIP),)


def test_a_pool_that_is_used_up_gives_what_there_is() -> None:
    assert len(_given(_service(modes=(VIP, VIP, VIP)))) == 2


def test_another_class_is_left_alone() -> None:
    assert _given(_service(("192.0.2.9", VIP), of_class="example.com/cloud")) == (Ingress("192.0.2.9", VIP),)
    assert _given(_service(of_class="example.com/cloud")) == ()
    assert _given(_service(of_class=CLASS)) == (Ingress("10.200.0.8", VIP),)


def test_an_annotation_without_sense_is_refused() -> None:
    with pytest.raises(GauntletError, match="Service shop/web is 'vip'"):
        _given(_service(value="vip"))


def test_settled_is_what_has_all_that_it_wants() -> None:
    one = (("10.200.0.3", VIP),)
    assert is_settled(_service(*one))
    assert not is_settled(_service())
    assert is_settled(_service(*one, modes=(VIP,)))
    assert not is_settled(_service(*one, modes=(PROXY,)))
    assert not is_settled(_service(*one, modes=(VIP, VIP)))
    assert not is_settled(_service(*one, modes=()))
    assert is_settled(_service(modes=()))
    assert not is_settled(_service(*one, modes=(VIP,), cluster_ips=("10.96.0.9", "fd10:96::9")))
    assert is_settled(_service(kind="ClusterIP"))
    assert is_settled(_service(of_class="example.com/cloud"))
