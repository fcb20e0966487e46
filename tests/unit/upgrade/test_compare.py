"""What became worse: verdicts of cases, shares by an exact test, durations by their resolution."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.promises import upgrade
from gauntlet.promises.known_defects import read, shipped
from gauntlet.promises.support import Place, unsupported
from gauntlet.report.results import CaseResult, FindingRecord
from gauntlet.upgrade.compare import Change, Course, Side, compare
from gauntlet.upgrade.proportion import Proportion, can_tell, chance_if_equal

PROMISE = upgrade.load(project_root() / "slos").slo.worse
CASE = "suites/chaos/test_flush.py::test_nat"


def record(
    check: str,
    figure: float | None,
    resolution: float | None = None,
    verdict: Verdict = Verdict.MEASURED,
    unit: str = "s",
    threshold: float | None = None,
) -> FindingRecord:
    return FindingRecord(
        case=CASE,
        subject="s",
        check=check,
        verdict=verdict,
        figure=figure,
        unit=unit,
        threshold=threshold,
        resolution=resolution,
        reason="seen",
    )


def share(ok: int, total: int, threshold: float | None = 0.4) -> FindingRecord:
    return record("availability", ok / total, 1 / total, unit="share", threshold=threshold)


def side(*records: FindingRecord, verdict: Verdict = Verdict.PASS, case: str = CASE) -> Side:
    """One case of this verdict, with these findings beside the one that has it."""
    return Side({case: CaseResult(case, "s", (record("hold", None, verdict=verdict), *records))}, {})


def nothing(**skipped: str) -> Side:
    return Side({}, skipped)


def course(before: Side, after: Side) -> Course | None:
    """How the only change goes; None if there is none."""
    found = compare(before, after, PROMISE)
    assert len(found) <= 1
    return found[0].course if found else None


PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (PASS, PASS, None),
        (PASS, FAIL, Course.WORSE),
        (PASS, OPEN, Course.UNCLEAR),
        (FAIL, PASS, Course.BETTER),
        (FAIL, FAIL, None),
        (FAIL, OPEN, Course.UNCLEAR),
        (OPEN, PASS, None),
        (OPEN, FAIL, Course.UNCLEAR),
        (OPEN, OPEN, Course.UNCLEAR),
    ],
)
def test_what_a_change_of_verdict_means(was: Verdict, now: Verdict, expected: Course | None) -> None:
    assert course(side(verdict=was), side(verdict=now)) is expected


def test_the_check_that_fails_is_named() -> None:
    (change,) = compare(side(), side(verdict=FAIL), PROMISE)
    assert change == Change(Course.WORSE, CASE, "", "pass, then fail: hold: seen")


def test_a_case_that_is_skipped_for_a_reason_differs_by_design() -> None:
    (change,) = compare(side(), nothing(**{CASE: "nftables has no localhost NodePorts"}), PROMISE)
    assert (change.course, change.text) == (
        Course.BY_DESIGN,
        "skipped afterwards: nftables has no localhost NodePorts",
    )
    assert course(nothing(**{CASE: "not in iptables"}), side()) is Course.BY_DESIGN


def test_what_fails_after_a_skipped_case_is_not_by_design() -> None:
    skipped = nothing(**{CASE: "it has no schedulers"})
    broken = Side(side(verdict=OPEN).cases, skipped.skipped)
    assert course(skipped, skipped) is None
    assert course(skipped, broken) is Course.UNCLEAR


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (PASS, Course.BY_DESIGN),
        (FAIL, Course.WORSE),
        (OPEN, Course.UNCLEAR),
        (Verdict.KNOWN_DEFECT, Course.BY_DESIGN),
    ],
)
def test_what_todays_does_not_have_and_the_next_one_does_wrong_is_that_ones_failure(
    now: Verdict, expected: Course
) -> None:
    assert course(nothing(**{CASE: "not in iptables"}), side(verdict=now)) is expected


def test_a_case_that_is_for_the_next_one_alone_says_what_it_comes_to() -> None:
    (change,) = compare(nothing(**{CASE: "not in iptables"}), side(verdict=FAIL), PROMISE)
    assert change.text == "skipped before: not in iptables; now fail: hold: seen"
    defect = record("truth", None, verdict=Verdict.KNOWN_DEFECT).model_copy(update={"known_defect": "1: broken"})
    (change,) = compare(nothing(**{CASE: "not in iptables"}), side(defect), PROMISE)
    assert change.text == "skipped before: not in iptables; now known defect 1: broken"


def test_a_case_that_is_skipped_for_its_place_says_nothing_of_the_kube_proxy() -> None:
    reason = unsupported("thousands-of-services", ProxyMode.NFTABLES, "1.37", [Place.EXISTING])
    assert reason is not None
    assert course(side(), nothing(**{CASE: reason})) is Course.UNCLEAR
    assert course(nothing(**{CASE: reason}), side()) is Course.UNCLEAR


def test_a_case_that_is_not_there_without_a_reason_is_unclear() -> None:
    assert course(side(), nothing()) is Course.UNCLEAR
    assert course(nothing(), side()) is Course.UNCLEAR


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ((1000, 1000), (1000, 1000), None),
        ((1000, 1000), (900, 1000), Course.WORSE),
        ((900, 1000), (1000, 1000), Course.BETTER),
        # Less than a twentieth, however certain.
        ((1_000_000, 1_000_000), (960_000, 1_000_000), None),
        # More than that, but it may be chance.
        ((500, 1000), (440, 1000), None),
        ((166, 313), (161, 327), None),
        # So few attempts could not show that half of them are lost.
        ((10, 10), (9, 10), Course.UNCLEAR),
        ((3, 3), (3, 3), Course.UNCLEAR),
    ],
)
def test_a_share_is_worse_if_it_is_smaller_than_chance_makes_it(
    was: tuple[int, int], now: tuple[int, int], expected: Course | None
) -> None:
    assert course(side(share(*was)), side(share(*now))) is expected


def test_many_tests_together_raise_no_more_false_alarms_than_one() -> None:
    before, after = Proportion(100, 100), Proportion(90, 100)
    alone = chance_if_equal(before, after)
    assert PROMISE.false_alarm / 2 < alone < PROMISE.false_alarm
    assert course(side(share(100, 100)), side(share(90, 100))) is Course.WORSE
    cases = ("a", "b", "c")
    was = Side({case: CaseResult(case, "s", side(share(100, 100)).cases[CASE].findings) for case in cases}, {})
    now = Side({case: CaseResult(case, "s", side(share(90, 100)).cases[CASE].findings) for case in cases}, {})
    assert compare(was, now, PROMISE) == ()


def test_the_exact_test_against_counting_by_hand() -> None:
    # Of 4 + 4 attempts 5 were ok: that at most one of the last four was is 4 * 4C4 / 8C5... ways over all 8C5.
    ways = math.comb(4, 1) * math.comb(4, 4)
    assert chance_if_equal(Proportion(4, 4), Proportion(1, 4)) == pytest.approx(ways / math.comb(8, 5))


def test_fewer_good_ones_are_ever_less_probable() -> None:
    chances = [chance_if_equal(Proportion(95, 100), Proportion(ok, 100)) for ok in range(101)]
    assert all(less <= more for less, more in pairwise(chances))
    assert chances[-1] == pytest.approx(1.0)


def test_what_was_counted_is_had_back_from_a_share_and_its_resolution() -> None:
    for total in (1, 3, 7, 999, 123_457):
        for ok in {0, 1, total // 3, total - 1, total}:
            assert Proportion.of(ok / total, 1 / total) == Proportion(ok, total)


def test_how_few_attempts_can_tell_nothing() -> None:
    assert not can_tell(Proportion(3, 3), 3, 1.0, 1e-3)
    assert can_tell(Proportion(100, 100), 100, 0.5, 1e-3)
    assert not can_tell(Proportion(100, 100), 100, 0.01, 1e-3)


@pytest.mark.parametrize("threshold", [None, 1.0, 0.0])
def test_a_share_that_is_not_of_chance_is_left_to_the_verdict(threshold: float | None) -> None:
    assert course(side(share(1000, 1000, threshold)), side(share(500, 1000, threshold))) is None


def test_a_share_that_is_not_counted_in_attempts_is_left_to_the_verdict() -> None:
    coarse = record("availability", 0.9, 3.0, unit="share", threshold=0.4)
    assert course(side(coarse), side(coarse)) is None


def test_figures_of_a_case_that_did_not_pass_are_of_something_else() -> None:
    was, now = side(span(2.0), verdict=FAIL), side(span(9.0), verdict=FAIL)
    assert compare(was, now, PROMISE) == ()
    assert course(side(span(2.0)), side(span(9.0), verdict=FAIL)) is Course.WORSE


def span(figure: float, resolution: float | None = 0.05) -> FindingRecord:
    return record("outage", figure, resolution)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (span(4.0), span(4.0), None),
        (span(4.0), span(5.8), None),
        (span(4.0), span(7.0), Course.WORSE),
        (span(7.0), span(4.0), Course.BETTER),
        # 5.95 may be more than one and a half times 4.0, and may not, by what both can be off.
        (span(4.0), span(5.95), Course.UNCLEAR),
        (span(4.0, 2.0), span(7.0, 2.0), Course.UNCLEAR),
        # A second and a half is let pass, however many times more it is.
        (span(0.0, 0.0), span(1.4, 0.01), None),
        (span(0.0, 0.0), span(1.6, 0.01), Course.WORSE),
        (span(3.041, 0.02), span(4.158, 0.019), None),
        (span(2.0, None), span(2.0, None), Course.UNCLEAR),
        (record("recovery", 1.0, 0.05), record("recovery", 5.0, 0.05), Course.WORSE),
        (record("outage: new TCP", 1.0, 0.05), record("outage: new TCP", 5.0, 0.05), Course.WORSE),
        # Not a duration: its verdict says all.
        (record("turns", 1.0, 0.05), record("turns", 5.0, 0.05), None),
    ],
)
def test_a_duration_is_worse_beyond_what_it_can_be_off_by(
    was: FindingRecord, now: FindingRecord, expected: Course | None
) -> None:
    assert course(side(was), side(now)) is expected


@pytest.mark.parametrize("other", [(), (record("outage", None),), (record("recovery", None),)])
def test_of_a_figure_that_one_run_lacks_nobody_knows_whether_it_got_worse(other: tuple[FindingRecord, ...]) -> None:
    (gone,) = compare(side(span(2.0)), side(*other), PROMISE)
    (came,) = compare(side(*other), side(span(2.0)), PROMISE)
    assert gone == Change(
        Course.UNCLEAR, CASE, "outage", "2.000 s (+/- 0.050 s), then no figure: there is nothing to compare it with"
    )
    assert came == Change(
        Course.UNCLEAR, CASE, "outage", "no figure, then 2.000 s (+/- 0.050 s): there is nothing to compare it with"
    )


def test_outages_of_two_kinds_of_traffic_are_two_figures() -> None:
    found = compare(side(record("outage: new TCP", 1.0, 0.05)), side(record("outage: kept TCP", 1.0, 0.05)), PROMISE)
    assert [(each.course, each.check) for each in found] == [
        (Course.UNCLEAR, "outage: kept TCP"),
        (Course.UNCLEAR, "outage: new TCP"),
    ]


def test_a_share_that_one_run_lacks_is_said_if_it_would_be_compared() -> None:
    (gone,) = compare(side(share(95, 100)), side(), PROMISE)
    assert (gone.course, gone.check) == (Course.UNCLEAR, "availability")
    assert gone.text == "95 of 100 (95.00%) were ok, then no figure: there is nothing to compare it with"
    assert compare(side(share(100, 100, threshold=1.0)), side(), PROMISE) == ()


def test_a_figure_that_one_run_lacks_is_left_to_the_verdict_of_a_case_that_did_not_pass() -> None:
    assert course(side(span(2.0)), side(verdict=FAIL)) is Course.WORSE
    assert compare(side(span(2.0), verdict=FAIL), side(verdict=FAIL), PROMISE) == ()


def test_without_a_promise_durations_are_not_compared() -> None:
    promise = PROMISE.model_copy(update={"duration": None})
    assert compare(side(span(2.0)), side(span(9.0)), promise) == ()
    assert compare(side(span(2.0)), side(), promise) == ()


def test_what_is_worse_comes_first() -> None:
    was = Side({**side(verdict=FAIL, case="a").cases, **side(case="b").cases, **side(case="c").cases}, {})
    now = Side({**side(case="a").cases, **side(verdict=OPEN, case="b").cases, **side(verdict=FAIL, case="c").cases}, {})
    assert [change.course for change in compare(was, now, PROMISE)] == [Course.WORSE, Course.UNCLEAR, Course.BETTER]


def known(*names: str) -> Side:
    explained = (record("truth-table", 4.0, verdict=Verdict.KNOWN_DEFECT, unit="rows") for _ in names)
    records = (each.model_copy(update={"known_defect": name}) for each, name in zip(explained, names, strict=True))
    return Side({CASE: CaseResult(CASE, "s", tuple(records))}, {})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (side(), known("a"), Course.WORSE),
        (known("a"), side(), Course.BETTER),
        (known("a"), known("a"), None),
        (known("a"), known("a", "b"), Course.WORSE),
        (known("a", "b"), known("a"), Course.BETTER),
        (known("a"), known("b"), Course.WORSE),
        (known("a"), side(verdict=FAIL), Course.WORSE),
        (known("a"), side(verdict=OPEN), Course.UNCLEAR),
        (side(verdict=FAIL), known("a"), None),
        (side(verdict=OPEN), known("a"), Course.UNCLEAR),
    ],
)
def test_a_known_defect_that_comes_is_worse_and_one_that_goes_is_a_gain(
    before: Side, after: Side, expected: Course | None
) -> None:
    assert course(before, after) is expected


STALE = "suites/conformance/test_stale_udp_flows.py::test_udp_flows_of_a_deleted_service_have_no_answer"


def test_an_issue_of_both_is_neither_although_the_register_has_an_entry_for_the_versions_of_each() -> None:
    register = read(shipped())
    entries = [register.of_case(STALE, ProxyMode.NFTABLES, {"node-1": each}, ()) for each in ("1.33.13", "1.34.4")]
    (today, following) = ([entry.name for entry, _, _ in each] for each in entries)
    assert today != following
    assert course(known(*today), known(*following)) is None
    assert course(known(*today), known(*following, "4711: another")) is Course.WORSE


def test_a_known_defect_that_comes_or_goes_is_named() -> None:
    (came,) = compare(side(), known("135266: refused"), PROMISE)
    assert (came.check, came.text) == ("known-defect", "pass, then known defect 135266: refused")
    (went,) = compare(known("135266: refused"), side(), PROMISE)
    assert (went.check, went.text) == ("known-defect", "known defect 135266: refused, then pass")
