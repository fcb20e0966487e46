"""Each check of a declared case goes red on its own broken history, and stays green on a sound one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from gauntlet.checkers import truth
from gauntlet.checkers.observed import Names, disagreeing
from gauntlet.checkers.truth import Judged
from gauntlet.ground.family import BOTH
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome
from gauntlet.semantics.asked import Effort, Row, enough_to_meet, enough_to_stay
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.objects import EndpointSlice, Policy, Service
from gauntlet.semantics.places import Where
from gauntlet.traffic.table import ANSWERS
from gauntlet.workload.catalogue.step import Asks
from tests.unit.catalogue.asking import around, planned
from tests.unit.semantics.world import CLUSTER_IP, NODES, WEB, address, endpoint, everywhere, in_slice

NAMES = Names({f"pod-{node.name}": tuple(address(node.name, 2, family) for family in BOTH) for node in NODES})
STICKY = replace(CLUSTER_IP, affinity_timeout_s=10_800)
Attempt = dict[str, str | int | None]


def attempt(row: Row, outcome: Outcome = Outcome.OK, backend: str | None = None, source: str | None = None) -> Attempt:
    seen = row.place.address if source is None and backend is not None else source
    error = None if outcome is Outcome.OK else "it failed"
    return {
        "row": row.number,
        "at_ns": 1,
        "outcome": str(outcome),
        "backend": backend,
        "seen_source_ip": seen,
        "error": error,
    }


def frame(attempts: Iterable[Attempt]) -> pl.DataFrame:
    return pl.DataFrame(list(attempts), schema=dict(ANSWERS), orient="row")


def judged(rows: Sequence[Row], attempts: Iterable[Attempt]) -> Judged:
    return Judged("all are ready", tuple(rows), frame(attempts), NAMES, around().own)


def rows_of(service: Service = CLUSTER_IP, *slices: EndpointSlice, place: Where = Where.POD) -> Sequence[Row]:
    asks = Asks(kinds=(Kind.CLUSTER_IP,), places=(place,))
    return planned(service, slices=slices or (everywhere(),), asks=asks).rows


def sound(rows: Sequence[Row], attempts: int = 60) -> list[Attempt]:
    """Every backend in turn, seeing what it may see."""
    return [attempt(row, backend=f"pod-{'abc'[number % 3]}") for row in rows for number in range(attempts)]


def verdicts(step: Judged) -> dict[str, Verdict]:
    return {each.check: each.verdict for each in truth.findings([step])}


def test_a_sound_history_passes_every_check() -> None:
    rows = rows_of()

    assert verdicts(judged(rows, sound(rows))) == {
        "truth-table": Verdict.PASS,
        "source-address": Verdict.PASS,
        "every-backend": Verdict.PASS,
    }


@pytest.mark.parametrize(
    ("outcome", "backend"),
    [
        (Outcome.TIMEOUT, None),
        (Outcome.REFUSED, None),
        (Outcome.RESET, None),
        (Outcome.UNREACHABLE, None),
        (Outcome.BAD_REPLY, None),
        (Outcome.OK, "a-stranger"),
        (Outcome.OK, None),
    ],
)
def test_one_attempt_of_many_that_is_not_as_the_model_says_is_a_failure(outcome: Outcome, backend: str | None) -> None:
    rows = rows_of()

    finding = truth.truth([judged(rows, [*sound(rows), attempt(rows[0], outcome, backend)])])

    assert (finding.verdict, finding.figure) == (Verdict.FAIL, 1.0)
    assert any(line.startswith("! ") for line in finding.details)


def test_an_endpoint_that_must_not_be_used_is_a_failure() -> None:
    rows = rows_of(CLUSTER_IP, in_slice(endpoint("a"), endpoint("b"), endpoint("c", "ending")))

    finding = truth.truth([judged(rows, sound(rows))])

    assert (finding.verdict, finding.figure) == (Verdict.FAIL, 3.0)


def test_a_failure_says_which_steps_failed_and_which_nodes_decided() -> None:
    rows = rows_of()
    bad, good = judged(rows, sound(rows)), replace(judged(rows, sound(rows)), words="one is gone")
    lost = replace(bad, attempts=frame([*sound(rows), attempt(rows[0], Outcome.REFUSED)]))

    finding = truth.truth([lost, good])

    assert finding.parts == ("all are ready",)
    assert finding.nodes == (rows[0].outcome.decided_by,)
    flow = (replace(rows[0], flow="a flow"), *rows[1:])
    assert truth.truth([replace(lost, rows=flow)]).parts == (f"all are ready{truth.OF_FLOWS}",)


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.TIMEOUT])
def test_what_must_be_refused_may_neither_answer_nor_hang(outcome: Outcome) -> None:
    rows = planned(CLUSTER_IP, asks=Asks(places=(Where.POD,))).rows
    refused = [attempt(row, Outcome.REFUSED) for row in rows]

    assert truth.truth([judged(rows, refused)]).verdict is Verdict.PASS
    hung = attempt(rows[1], outcome, "pod-a" if outcome is Outcome.OK else None)
    assert truth.truth([judged(rows, [*refused, hung])]).verdict is Verdict.FAIL


def test_a_deleted_service_that_answers_is_a_failure() -> None:
    before = planned(CLUSTER_IP, slices=(everywhere(),))
    rows = planned(before=before).rows

    assert truth.truth([judged(rows, [attempt(row, Outcome.TIMEOUT) for row in rows])]).verdict is Verdict.PASS
    answered = [attempt(rows[0], backend="pod-a"), *(attempt(row, Outcome.TIMEOUT) for row in rows[1:])]
    assert truth.truth([judged(rows, answered)]).verdict is Verdict.FAIL


def test_a_stranger_who_answers_where_nobody_is_to_is_a_failure() -> None:
    rows = planned(before=planned(CLUSTER_IP, slices=(everywhere(),))).rows

    assert truth.truth([judged(rows, [attempt(row, Outcome.BAD_REPLY) for row in rows])]).verdict is Verdict.FAIL


def test_a_nodes_own_datagram_that_a_rule_stops_is_refused_or_swallowed_as_is_expected() -> None:
    rows = planned(CLUSTER_IP, asks=Asks(places=(Where.NODE,))).rows
    stopped = [{**attempt(row, Outcome.UNREACHABLE), "error": "Operation not permitted"} for row in rows]

    assert truth.truth([judged(rows, stopped)]).verdict is Verdict.PASS
    of_pods = planned(CLUSTER_IP, asks=Asks(places=(Where.POD,))).rows
    stopped = [{**attempt(row, Outcome.UNREACHABLE), "error": "Operation not permitted"} for row in of_pods]
    assert truth.truth([judged(of_pods, stopped)]).verdict is Verdict.FAIL


def test_a_row_that_nobody_asked_is_no_pass() -> None:
    rows = rows_of()

    finding = truth.truth([judged(rows, sound(rows[1:]))])

    assert finding.verdict is Verdict.INCONCLUSIVE
    assert truth.truth([judged((), ())]).verdict is Verdict.INCONCLUSIVE


def test_a_backend_that_sees_another_address_than_the_clients_is_a_failure() -> None:
    rows = rows_of()
    other = NODES[1].addresses[0]

    finding = truth.sources([judged(rows, [*sound(rows), attempt(rows[0], backend="pod-b", source=other)])])

    assert finding is not None
    assert finding.verdict is Verdict.FAIL
    assert other in finding.reason


def test_a_masqueraded_client_may_have_any_address_of_the_node_and_no_other() -> None:
    asks = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))
    rows = [row for row in planned(WEB, slices=(everywhere(),), asks=asks).rows if row.outcome.decided_by == "a"]
    by_node = [attempt(row, backend="pod-a", source=NODES[0].addresses[0]) for row in rows]
    as_it_came = [attempt(row, backend="pod-a") for row in rows]

    assert truth.sources([judged(rows, by_node)]).verdict is Verdict.PASS  # type: ignore[union-attr]
    assert truth.sources([judged(rows, as_it_came)]).verdict is Verdict.FAIL  # type: ignore[union-attr]


def test_what_a_router_may_translate_is_not_judged() -> None:
    rows = rows_of()
    step = judged(rows, [attempt(row, backend="pod-b", source="192.0.2.77") for row in rows])
    routed = replace(step, translated=frozenset(row.client for row in rows))

    assert truth.sources([step]).verdict is Verdict.FAIL  # type: ignore[union-attr]
    assert truth.sources([routed]) is None


def test_replies_that_do_not_say_whom_they_saw_are_no_pass() -> None:
    rows = rows_of()
    silent = [{**each, "seen_source_ip": None} for each in sound(rows)]

    finding = truth.sources([judged(rows, silent)])

    assert finding is not None
    assert finding.verdict is Verdict.INCONCLUSIVE


def test_an_endpoint_that_gets_nothing_is_a_failure_once_chance_cannot_be_the_reason() -> None:
    rows = rows_of()
    never_c = [attempt(row, backend=f"pod-{'ab'[n % 2]}") for row in rows for n in range(enough_to_meet(3))]

    failed = truth.every_backend([judged(rows, never_c)])
    unsure = truth.every_backend([judged(rows, never_c[:5])])

    assert (failed.verdict, failed.figure) == (Verdict.FAIL, 3.0)  # type: ignore[union-attr]
    assert unsure.verdict is Verdict.INCONCLUSIVE  # type: ignore[union-attr]


def test_a_client_with_affinity_that_meets_two_backends_is_a_failure() -> None:
    rows = rows_of(STICKY)
    kept = [attempt(row, backend="pod-a") for row in rows for _ in range(enough_to_stay(3))]

    assert truth.one_backend([judged(rows, kept)]).verdict is Verdict.PASS  # type: ignore[union-attr]
    assert truth.one_backend([judged(rows, kept[:2])]).verdict is Verdict.INCONCLUSIVE  # type: ignore[union-attr]
    strayed = [*kept, attempt(rows[2], backend="pod-b")]
    assert truth.one_backend([judged(rows, strayed)]).verdict is Verdict.FAIL  # type: ignore[union-attr]


def test_without_affinity_nobody_asks_for_it() -> None:
    rows = rows_of()

    assert truth.one_backend([judged(rows, sound(rows))]) is None


def test_a_failure_shows_both_tables_and_the_rules_of_the_node_that_decided() -> None:
    rows = rows_of()
    wrong = attempt(rows[0], Outcome.TIMEOUT)
    step = replace(judged(rows, [*sound(rows), wrong]), rules={"a": ("the rules of a",)})

    text = "\n".join(truth.truth([step]).details)

    for part in ("expected", "observed", "swallowed", "expected because:", "rules of a:", "the rules of a"):
        assert part in text
    assert "2 more rows agree" not in text


def test_rows_that_nobody_was_to_ask_are_told_beside_those_that_agree() -> None:
    rows = rows_of()
    refused = replace(judged((), ()), words="none", left_out=84)

    found = truth.truth([judged(rows, sound(rows)), refused])

    assert found.verdict is Verdict.PASS
    assert "; 84 more were not asked" in found.reason
    assert found.details == ("step 'none': 84 rows were not asked",)
    assert "more were" not in truth.truth([judged(rows, sound(rows))]).reason


def test_what_waits_for_effect_waits_for_what_disagrees() -> None:
    rows = rows_of()
    answers = [*sound(rows[:1]), attempt(rows[1], Outcome.REFUSED)]

    assert disagreeing(rows, frame(answers), NAMES) == {rows[1].number, rows[2].number}


def test_a_frontend_of_policy_local_that_answers_by_another_node_is_a_failure() -> None:
    local = replace(WEB, external_policy=Policy.LOCAL)
    asks = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))
    rows = planned(local, slices=(everywhere(),), asks=asks).rows
    own = [attempt(row, backend=f"pod-{row.outcome.decided_by}") for row in rows for _ in range(3)]

    assert truth.truth([judged(rows, own)]).verdict is Verdict.PASS
    assert truth.truth([judged(rows, [attempt(row, backend="pod-a") for row in rows])]).figure == 2.0
    assert {row.effort for row in rows} == {Effort.EVERY_BACKEND}
