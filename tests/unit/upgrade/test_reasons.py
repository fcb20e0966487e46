"""The reasons of a judgement as a page shows them."""

from __future__ import annotations

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.upgrade_record import chosen
from gauntlet.upgrade.reasons import Reason, merged
from gauntlet.upgrade.verdict import Concern, Observation


def seen(
    check: str, phase: str = "roll-forward", concern: Concern = Concern.ROLL, verdict: Verdict = Verdict.FAIL
) -> Observation:
    return Observation(phase, concern, Finding(check, verdict, "seen"))


def test_a_check_that_failed_in_many_phases_is_one_reason() -> None:
    worst, other, back = seen("residue"), seen("residue", "roll-again"), seen("residue", "roll-back", Concern.WAY_BACK)
    assert merged([worst, back, other]) == (Reason(worst, ("roll-again",)), Reason(back, ()))


def test_the_share_says_nothing_more_than_the_outage_of_the_same_connections() -> None:
    outage, share = seen("outage: new TCP"), seen("availability: new TCP")
    assert merged([share, outage]) == (Reason(outage, ()),)
    for alone in (
        seen("availability: kept TCP"),
        seen("availability: new TCP", "mixed"),
        seen("availability: new TCP", verdict=Verdict.INCONCLUSIVE),
    ):
        assert Reason(alone, ()) in merged([alone, outage])


def test_what_is_unclear_is_not_merged_with_what_failed() -> None:
    assert len(merged([seen("residue"), seen("residue", "mixed", verdict=Verdict.INCONCLUSIVE)])) == 2


def test_the_first_of_each_concern_is_shown_however_many_stand_before_it() -> None:
    many = [Reason(seen(f"outage: {number}"), ()) for number in range(5)]
    left = [Reason(seen(f"residue: {number}", concern=Concern.LEFT_BEHIND), ()) for number in range(2)]
    assert chosen([*many, *left], 3) == (many[0], many[1], left[0])
    assert chosen([*many, *left], 9) == (*many, *left)
    assert chosen([], 3) == ()
