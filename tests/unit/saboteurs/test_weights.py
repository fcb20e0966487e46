"""Other shares, in what kube-proxy 1.37.2 writes."""

from __future__ import annotations

import re

import pytest

from tests.saboteurs import balancing
from tests.saboteurs.transforms import weights
from tests.unit.saboteurs import texts

NFT = """\
add rule ip kube-proxy service-A meta l4proto tcp dnat to 10.244.1.2:6443
add rule ip kube-proxy service-B meta l4proto tcp dnat ip addr . port to numgen random mod 2 map \
{ 0 : 10.244.1.2 . 8080 , 1 : 10.244.1.3 . 8080 }
add rule ip kube-proxy service-C numgen random mod 2 vmap { 0 : goto endpoint-C1 , 1 : goto endpoint-C2 }
"""
SVC = '-A KUBE-SVC-{} -m comment --comment "x/y:z -> 10.244.1.{}:80"{} -j KUBE-SEP-{}\n'
RANDOM = " -m statistic --mode random --probability {}"
# One Service with affinity, of three endpoints, and one of a single endpoint.
IPTABLES = (
    "*nat\n"
    + SVC.format("A", 2, " -m recent --name KUBE-SEP-A2 --rcheck --seconds 60 --reap", "A2")
    + SVC.format("A", 2, RANDOM.format("0.3333333333"), "A2")
    + SVC.format("A", 3, RANDOM.format("0.5000000000"), "A3")
    + SVC.format("A", 4, "", "A4")
    + SVC.format("B", 5, "", "B5")
    + "COMMIT\n"
)


def test_nft_draws_by_weight() -> None:
    written = balancing.nft(NFT, lambda endpoints: [2, 1])
    assert (
        "numgen random mod 3 map { 0 : 10.244.1.2 . 8080 , 1 : 10.244.1.2 . 8080 , 2 : 10.244.1.3 . 8080 }" in written
    )
    assert "numgen random mod 3 vmap { 0 : goto endpoint-C1 , 1 : goto endpoint-C1 , 2 : goto endpoint-C2 }" in written
    assert written.startswith(NFT.partition("\n")[0])


@pytest.mark.parametrize("text", [NFT, IPTABLES])
def test_no_other_weights_change_nothing(text: str) -> None:
    assert balancing.nft(text, lambda endpoints: None) == text
    assert balancing.iptables(text, lambda endpoints: None) == text


def test_iptables_draws_by_weight() -> None:
    written = balancing.iptables(IPTABLES, weights.seventy_twenty_ten)
    assert written == IPTABLES.replace("0.3333333333", "0.7000000000").replace("0.5000000000", "0.6666666667")


def test_in_iptables_what_is_last_and_never_met_leaves_the_one_before_it_last() -> None:
    written = balancing.iptables(IPTABLES, weights.last_never)
    assert re.findall(r"probability (\S+)|-j KUBE-SEP-A3|-j KUBE-SEP-A4", written) == ["0.5000000000", ""]
    assert SVC.format("A", 3, "", "A3") in written
    assert SVC.format("B", 5, "", "B5") in written


def test_weights_are_of_the_sizes_that_they_are_about() -> None:
    sizes = range(1, 102)
    of = {
        each: [size for size in sizes if each(size)]
        for each in (weights.seventy_twenty_ten, weights.ninety_nine_to_one)
    }
    assert of == {weights.seventy_twenty_ten: [3], weights.ninety_nine_to_one: [2]}
    assert [size for size in sizes if weights.last_of_many_never(size)] == [100, 101]
    assert weights.half_more_for_the_first(4) == [3, 2, 2, 2]


def test_two_local_endpoints_share_nine_to_one_and_others_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    of_cluster = SVC.format("A", 2, RANDOM.format("0.5000000000"), "A2") + SVC.format("A", 3, "", "A3")
    of_node = of_cluster.replace("-A KUBE-SVC-A", "-A KUBE-SVL-A")
    lopsided = texts.written("weights-local-nine-to-one", "iptables-restore", of_cluster + of_node, monkeypatch)
    assert lopsided == of_cluster + of_node.replace("0.5000", "0.9000")
    of_nodes = NFT.replace("service-", "local-")
    lopsided = texts.written("weights-local-nine-to-one", "nft", NFT + of_nodes, monkeypatch)
    assert lopsided == NFT + balancing.nft(of_nodes, weights.nine_to_one)
