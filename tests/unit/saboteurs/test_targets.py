"""Other endpoints, in what kube-proxy 1.37.2 gave to nft and iptables-restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.saboteurs import targets
from tests.saboteurs.intent import Endpoint
from tests.saboteurs.targets import Port
from tests.saboteurs.transforms import endpoints, ports, timing
from tests.unit.rules.node import CAPTURED

if TYPE_CHECKING:
    from tests.saboteurs.call import Rewrite
    from tests.saboteurs.targets import Target

NFT = (CAPTURED / "nft-transactions.txt").read_text()
IPTABLES = (CAPTURED / "iptables-restore.txt").read_text()
THREE = [("10.244.1.2", "8080"), ("10.244.1.3", "8080"), ("10.244.1.4", "8080")]
ALONE = [("10.77.0.2", "6443")]


def seen(text: str) -> dict[str, list[Target]]:
    """What a text sends where, by port; both kinds of text are read."""
    found: dict[str, list[Target]] = {}

    def note(port: Port, to: list[Target]) -> list[Target]:
        found[str(port)] = to
        return to

    assert targets.iptables(targets.nft(text, note), note) == text
    return found


def test_endpoints_of_ports_are_read() -> None:
    assert seen(NFT) == {"default/kubernetes:https/tcp": ALONE, "default/three:tcp-80/tcp": THREE}
    assert seen(IPTABLES) == {
        "default/kubernetes:https/tcp": ALONE,
        "default/sticky:tcp-80/tcp": THREE,
        "default/three:tcp-80/tcp": THREE,
    }


def test_in_nftables_any_endpoints_may_be_written() -> None:
    written = targets.nft(NFT, lambda port, found: [*found, ("10.244.9.9", "81")])
    assert seen(written)["default/kubernetes:https/tcp"] == [*ALONE, ("10.244.9.9", "81")]
    assert seen(written)["default/three:tcp-80/tcp"] == [*THREE, ("10.244.9.9", "81")]
    assert " tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.77.0.2 . 6443 , 1 : " in written


def test_in_iptables_new_endpoints_get_a_dnat_and_their_share() -> None:
    written = targets.iptables(IPTABLES, lambda port, found: [*found, ("fd00::9", "81")])
    chain = [line for line in written.splitlines() if line.startswith("-A KUBE-SVC-NPX46M4PTMTKRN6Y ")]
    assert [line.removeprefix("-A KUBE-SVC-NPX46M4PTMTKRN6Y ") for line in chain[-2:]] == [
        "-m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-W7ZO5QGEWOXJWPL6",
        "-p tcp -j DNAT --to-destination [fd00::9]:81",
    ]


def test_without_endpoints_nothing_is_forwarded() -> None:
    assert seen(targets.nft(NFT, endpoints.only_one_lost)) == {"default/three:tcp-80/tcp": THREE}
    assert "-j KUBE-SEP-W7ZO5QGEWOXJWPL6" not in targets.iptables(IPTABLES, endpoints.only_one_lost)


def test_endpoints_that_were_removed_are_kept() -> None:
    memory: dict[str, list[str]] = {}
    port = Port("x/y", "z", "tcp", is_local=False)
    assert endpoints.removed_kept(memory, port, THREE) == THREE
    assert endpoints.removed_kept(memory, port, ALONE) == [*ALONE, *THREE]
    assert endpoints.removed_kept(memory, port, THREE) == [*THREE, *ALONE]
    assert endpoints.removed_kept(memory, Port("x/y", "z", "udp", is_local=False), ALONE) == ALONE


def test_endpoints_that_are_added_are_not_used_while_an_old_one_is_left() -> None:
    memory: dict[str, list[str]] = {}
    port = Port("x/y", "z", "tcp", is_local=False)
    assert endpoints.added_unused(memory, port, THREE[:1]) == THREE[:1]
    assert endpoints.added_unused(memory, port, THREE) == THREE[:1]
    assert endpoints.added_unused(memory, port, THREE[1:]) == THREE[1:]
    assert endpoints.added_unused(memory, port, THREE) == THREE[1:]


def test_endpoints_of_other_nodes_take_the_place_of_the_nodes_own() -> None:
    slice_ = {
        "metadata": {"namespace": "x", "labels": {"kubernetes.io/service-name": "y"}},
        "ports": [{"name": "z", "protocol": "TCP", "port": 8080}],
    }
    far = [Endpoint(slice_, {"addresses": ["10.244.2.2"], "nodeName": "node-2"})]
    own = Port("x/y", "z", "tcp", is_local=True)
    assert endpoints.others_instead(far, own, THREE) == [("10.244.2.2", "8080")]
    assert endpoints.others_instead([], own, THREE) == THREE
    assert endpoints.others_instead(far, Port("x/y", "z", "tcp", is_local=False), THREE) == THREE


@pytest.mark.parametrize(
    ("learning", "udp"),
    [(ports.OfTcp(), [("10.0.0.1", "8080")]), (ports.LastOfSeveral(), [("10.0.0.1", "8081")])],
)
def test_udp_goes_to_the_port_of_tcp(learning: ports.OfTcp | ports.LastOfSeveral, udp: list[Target]) -> None:
    learning.learn(Port("x/y", "a", "tcp", is_local=False), [("10.0.0.1", "8080")])
    assert learning.use(Port("x/y", "u", "udp", is_local=False), [("10.0.0.1", "8081")]) == udp
    assert learning.use(Port("x/z", "u", "udp", is_local=False), [("10.0.0.1", "8081")]) == [("10.0.0.1", "8081")]


def test_of_several_ports_the_last_is_lost() -> None:
    several, to = ports.LastOfSeveral(), [("10.0.0.1", "8080")]
    for name in ("b", "a"):
        several.learn(Port("x/y", name, "tcp", is_local=False), to)
    assert [several.use(Port("x/y", name, "tcp", is_local=False), to) for name in ("a", "b")] == [to, []]


@pytest.mark.parametrize(
    ("rule", "without"),
    [
        ("add rule ip kube-proxy service-{} meta l4proto tcp dnat to 10.0.0.1:80\n", timing.nft_without_one),
        ("-A KUBE-SVC-{} -m statistic --mode random --probability 0.5 -j KUBE-SEP-A\n", timing.iptables_without_one),
    ],
)
def test_one_of_many_is_lost_only_of_many(rule: str, without: Rewrite) -> None:
    many = [rule.format(number) for number in range(1000, 1000 + timing.MANY)]
    assert without("".join(many)) == "".join(many[: timing.MANY // 2] + many[timing.MANY // 2 + 1 :])
    assert without("".join(many[1:])) == "".join(many[1:])
