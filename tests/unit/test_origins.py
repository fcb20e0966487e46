"""The further addresses of clients."""

from __future__ import annotations

from ipaddress import ip_address

from gauntlet.workload.origins import NUMBERS, further_of

NETWORKS = ("10.244.1.0/24", "fd10:244:0:1::/64")


def test_each_bit_of_the_last_number_is_set_in_some_and_not_in_others() -> None:
    for of_family in zip(*further_of(NETWORKS, ()), strict=True):
        last = [int(ip_address(address)) & 0xFF for address in of_family]
        assert [{number >> bit & 1 for number in last} for bit in range(8)] == [{0, 1}] * 8


def test_no_address_is_one_that_a_pod_has() -> None:
    free = further_of(NETWORKS, ())
    assert free[0] == ("10.244.1.23", "fd10:244:0:1::ff17")
    taken = further_of(NETWORKS, {"10.244.1.23", "10.244.1.24", "fd10:244:0:1::ff17"})
    assert taken == [("10.244.1.25", "fd10:244:0:1::ff18"), *free[1:]]
    assert len(free) == len(NUMBERS)
