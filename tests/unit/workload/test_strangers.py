"""What is said of another program's rules: lost, come, as they were, or not seen at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gauntlet.ground.cluster import Completed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.workload.strangers import Strangers
from tests.unit.stand_in_host import StandInHost

FILTER, NAT, NFT = (
    "filter: :GAUNTLET-STRANGER - [0:0]",
    "nat: -A GAUNTLET-STRANGER",
    "nft: table inet gauntlet-stranger",
)
ALL = (FILTER, NAT, NFT)


class Node(StandInHost):
    """Lists these lines, and later others; whatever else is run says nothing."""

    def __init__(self, before: Sequence[str], now: Sequence[str]) -> None:
        self._listings = [before, now]

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        del stdin, timeout_s, check
        lists = "iptables-save -t filter" in argv[-1]
        return Completed(tuple(argv), 0, "\n".join(self._listings.pop(0)) if lists else "", "")


def found(before: Sequence[str], now: Sequence[str]) -> Finding:
    strangers = Strangers([Node(before, now)])  # type: ignore[list-item]
    strangers.settle()
    return strangers.unchanged()


def test_rules_that_stay_pass_whatever_their_counters_say() -> None:
    made = found(ALL, (FILTER.replace("0:0", "3:180"), NAT, NFT))
    assert (made.verdict, made.reason) == (Verdict.PASS, "3 lines of another program's, 0 of them changed")


@pytest.mark.parametrize("now", [(FILTER, NAT), (*ALL, NAT)], ids=["lost", "twice"])
def test_rules_that_are_lost_or_there_twice_fail(now: Sequence[str]) -> None:
    made = found(ALL, now)
    assert (made.verdict, made.figure, len(made.details)) == (Verdict.FAIL, 1.0, 1)


def test_rules_in_another_order_fail() -> None:
    made = found(ALL, (FILTER, NFT, NAT))
    assert (made.verdict, made.figure) == (Verdict.FAIL, 2.0)
    assert made.details == (f"node-1: in another order: {NFT}", f"node-1: in another order: {NAT}")


@pytest.mark.parametrize("seen", [(), (FILTER, NAT), (NFT,)])
@pytest.mark.parametrize("later", [(), ALL], ids=["never", "later"])
def test_rules_that_nobody_saw_before_do_not_pass(seen: Sequence[str], later: Sequence[str]) -> None:
    """A program that fails to list them may list as little afterwards, or all."""
    made = found(seen, later or seen)
    assert made.verdict is Verdict.INCONCLUSIVE
    assert len(made.details) == len(ALL) - len(seen)
    assert made.remedy


def test_no_node_is_no_pass() -> None:
    strangers = Strangers([])
    strangers.settle()
    assert strangers.unchanged().verdict is Verdict.INCONCLUSIVE
