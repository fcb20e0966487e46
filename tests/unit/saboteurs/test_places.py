"""Where Services are served before and after what kube-proxy writes, and which changes saboteurs act at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.saboteurs.call import NFT, Call
from tests.saboteurs.places import (
    Places,
    changes_node_ports,
    deletes,
    empties,
    endpoints_by,
    is_addition,
    makes,
    when,
)
from tests.saboteurs.targets import Port
from tests.saboteurs.transforms.late import is_of_udp
from tests.unit.rules.node import CAPTURED
from tests.unit.saboteurs import texts

if TYPE_CHECKING:
    from tests.saboteurs.places import Changes

ADDED = """\
add element ip kube-proxy cluster-ips { 10.96.0.9 }
add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto service-A-x/web/tcp/p }
add element ip kube-proxy service-nodeports { tcp . 30001 : goto external-A-x/web/tcp/p }
"""
EMPTIED = """\
add element ip kube-proxy no-endpoint-services { 10.96.0.9 . tcp . 80 comment "x/web:p" : goto reject-chain }
add element ip kube-proxy no-endpoint-nodeports { tcp . 30001 comment "x/web:p" : goto reject-chain }
delete element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 }
delete element ip kube-proxy service-nodeports { tcp . 30001 }
"""
GONE = """\
delete element ip kube-proxy no-endpoint-services { 10.96.0.9 . tcp . 80 }
delete element ip kube-proxy no-endpoint-nodeports { tcp . 30001 }
"""
BEFORE = Places({"10.96.0.1 tcp 443"})
SERVES = BEFORE.after(ADDED, is_nft=True)
REFUSES = SERVES.after(EMPTIED, is_nft=True)
WITHOUT = REFUSES.after(GONE, is_nft=True)
RENUMBERED = Places({"10.96.0.1 tcp 443", "10.96.0.9 tcp 81"}, (), {"tcp 30001"})
OF = {"deletes": deletes, "makes": makes, "empties": empties, "node ports": changes_node_ports}


def test_places_of_iptables_are_read() -> None:
    found = Places().after(texts.recorded("iptables.txt"), is_nft=False)
    assert found.refused == {"10.106.154.44 tcp 80", "10.106.154.44 udp 80"}
    assert {"10.96.0.1 tcp 443", "10.99.166.123 udp 80", "10.200.0.9 tcp 80"} <= found.served
    assert found.node_ports == {f"tcp {30000 + number}" for number in range(1, 7)} | {"udp 30006"}
    assert "fd10:96::223b tcp 80" in Places().after(texts.recorded("ip6tables.txt"), is_nft=False).served


def test_places_of_nftables_are_read() -> None:
    found = Places().after((CAPTURED / "nft-transactions.txt").read_text(), is_nft=True)
    assert found.served == {"10.96.0.1 tcp 443", "10.103.124.55 tcp 80", "10.100.182.235 tcp 80"}
    assert (found.refused, found.node_ports) == ({"10.99.145.205 tcp 80"}, {"tcp 30209", "tcp 32577"})


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (BEFORE, SERVES, {"makes", "node ports"}),
        (SERVES, REFUSES, {"empties"}),
        (REFUSES, WITHOUT, {"deletes", "node ports"}),
        (REFUSES, SERVES, set[str]()),
        (SERVES, RENUMBERED, set[str]()),
        (SERVES, SERVES, set[str]()),
    ],
)
def test_changes_are_told_from_each_other(before: Places, after: Places, what: set[str]) -> None:
    assert {name for name, changes in OF.items() if changes(before, after)} == what


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("changes", "acted"), [(makes, [0, 1, 0, 0]), (empties, [0, 0, 1, 0]), (deletes, [0, 0, 0, 1])]
)
def test_a_saboteur_acts_at_its_changes_alone(changes: Changes, acted: list[int]) -> None:
    first = "add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 443 : goto service-A-x/y/tcp/p }\n"
    act = when(changes, lambda _call: 1)
    assert [act(Call(NFT, [], text)) for text in (first, ADDED, EMPTIED, GONE)] == acted


@pytest.mark.usefixtures("written")
def test_endpoints_are_known_from_one_call_to_the_next() -> None:
    text = texts.recorded("iptables.txt")
    first = endpoints_by(Call("iptables-restore", [], text))
    assert {before is None for _, before, _ in first} == {True}
    second = endpoints_by(Call("iptables-restore", [], text))
    assert [(str(port), now, now) for port, _, now in first] == [(str(port), *rest) for port, *rest in second]


@pytest.mark.parametrize(
    ("before", "now", "adds", "changes"),
    [
        (["a"], ["a", "b"], True, True),
        (["a"], ["b"], False, True),
        (["a", "b"], ["a"], False, True),
        (None, ["a"], False, True),
        (["a"], ["a"], False, False),
    ],
)
def test_kinds_of_changes_of_endpoints(before: list[str] | None, now: list[str], adds: bool, changes: bool) -> None:  # noqa: FBT001
    tcp, udp = (Port("x/y", "z", protocol, is_local=False) for protocol in ("tcp", "udp"))
    assert (is_addition(tcp, before, now), is_of_udp(udp, before, now)) == (adds, changes)
    assert not is_of_udp(tcp, before, now)
