"""How long the attempts at a row may take."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.ground.family import family_of
from gauntlet.semantics.asked import Row
from gauntlet.semantics.objects import Protocol
from gauntlet.semantics.outcomes import Reaction
from gauntlet.workload.catalogue.tables import BY_SCTP, DOUBTFUL, GLANCE, LATE, QUICK, SILENT, Pace, is_late, pace
from tests.unit.catalogue.asking import planned
from tests.unit.semantics.world import CLUSTER_IP, endpoint, in_slice

REFUSED = next(row for row in planned(CLUSTER_IP).rows if row.is_refused)
ANSWERED = next(row for row in planned(CLUSTER_IP, slices=(in_slice(endpoint("a")),)).rows if row.is_answered)
RETRANSMITTED_S = 1.0  # when Linux repeats a SYN for the first time (TCP_TIMEOUT_INIT)


def at(row: Row, address: str, protocol: Protocol) -> Pace:
    port = replace(row.frontend.port, protocol=protocol)
    return pace(replace(row, frontend=replace(row.frontend, address=address, port=port, family=family_of(address))))


def test_a_refusal_of_ipv6_is_waited_for_until_the_syn_is_repeated() -> None:
    assert at(REFUSED, "fd00::1", Protocol.TCP) is LATE
    assert LATE.timeout_s > 2 * RETRANSMITTED_S
    assert at(REFUSED, "fd00::1", Protocol.UDP) is QUICK
    assert at(REFUSED, "10.0.0.1", Protocol.TCP) is QUICK


def test_what_is_answered_is_answered_soon_in_both_families() -> None:
    assert {at(ANSWERED, each, Protocol.TCP) for each in ("10.0.0.1", "fd00::1")} == {QUICK}


def test_what_is_neither_is_not_waited_for_long() -> None:
    outcome = replace(REFUSED.outcome, reactions=frozenset({Reaction.SWALLOWED}))
    assert pace(replace(REFUSED, outcome=outcome)) is SILENT
    assert pace(replace(REFUSED, outcome=outcome), silence=GLANCE) is GLANCE
    assert GLANCE.timeout_s < SILENT.timeout_s


def test_a_glance_is_for_what_nobody_is_to_answer_alone() -> None:
    assert pace(ANSWERED, silence=GLANCE) is QUICK
    assert pace(REFUSED, silence=GLANCE) is pace(REFUSED)


def test_refusals_that_come_late_are_known_to() -> None:
    late = replace(REFUSED, frontend=replace(REFUSED.frontend, address="fd00::1", family=family_of("fd00::1")))
    assert is_late(late)
    assert not is_late(replace(late, outcome=ANSWERED.outcome))
    assert not is_late(REFUSED)


def test_what_was_not_answered_is_asked_by_many_at_once_and_waited_for_as_long() -> None:
    assert pace(ANSWERED, is_doubtful=True) is DOUBTFUL
    assert DOUBTFUL.timeout_s == QUICK.timeout_s
    assert DOUBTFUL.users > QUICK.users
    assert pace(REFUSED, is_doubtful=True) is pace(REFUSED)


def test_sctp_which_programs_speak_is_waited_for_longer_unless_it_was_not_answered_before() -> None:
    port = replace(ANSWERED.frontend.port, protocol=Protocol.SCTP)
    row = replace(ANSWERED, frontend=replace(ANSWERED.frontend, port=port))
    assert at(ANSWERED, "10.0.0.1", Protocol.SCTP) is BY_SCTP
    assert BY_SCTP.timeout_s > QUICK.timeout_s
    assert pace(row, is_doubtful=True) is DOUBTFUL
