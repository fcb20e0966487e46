"""The page of an upgrade: its answer, its reasons and its table, at 80 columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.accepted import Acceptance
from gauntlet.upgrade.gate import Plan
from gauntlet.upgrade.leftovers import Remains
from gauntlet.upgrade.observing import observed
from gauntlet.upgrade.page import WIDTH, Heading, page
from gauntlet.upgrade.passage import Passage
from gauntlet.upgrade.phases import Leg, Phase, Selection, Task
from gauntlet.upgrade.verdict import Concern, Observation, judge
from tests.unit.upgrade.upgrades import NOT_RUN, PLANNED, SETTING, SUBJECTS, TERMS, passage, seen

HEADING = Heading("iptables", "nftables", "today's", "the next", "node-by-node", 2)
TODAY = date(2026, 11, 29)
WHOLE = Plan(PLANNED, (), Selection.GATE)


def lines(
    *bad: str,
    ended: Collection[str] | None = None,
    left: Collection[str] = (),
    accepted: tuple[Acceptance, ...] = (),
    not_run: Sequence[Phase] = NOT_RUN,
    selection: Selection = Selection.GATE,
) -> list[str]:
    history = seen(*bad, ended=ended)
    found = observed(history, passage(tuple(left)), PLANNED, SETTING, TERMS, SUBJECTS)
    missing = [phase for phase in PLANNED if phase.name not in {each.phase for each in found}]
    judgement = judge(found, missing=missing, acceptances=accepted, subject="nftables", today=TODAY)
    return list(page(HEADING, judgement, found, history, Plan(PLANNED, tuple(not_run), selection)))


def row(found: list[str], phase: str) -> list[str]:
    (mine,) = (line.split() for line in found if line.split()[:1] == [phase])
    return mine


def test_a_sound_upgrade_may_as_far_as_it_was_looked_at() -> None:
    found = lines()
    assert found[0] == "iptables -> nftables: MAY, as far as the roll goes"
    assert row(found, "roll-back") == ["roll-back", "10", "s", "0", "-", "-", "-", "-", "-", "-", "-", "0"]


def test_what_was_not_run_is_named() -> None:
    text = " ".join(lines())
    assert "Not tried, as the options leave them out: conformance-from" in text
    assert all(phase.name in text for phase in NOT_RUN)


def test_a_quick_one_says_that_the_way_back_was_not_tried() -> None:
    back = [phase for phase in PLANNED if phase.leg in (Leg.BACK, Leg.AGAIN)]
    found = lines(not_run=back)
    assert found[0] == "iptables -> nftables: MAY, on the way there"
    assert found[-1] == "Not tried, as the options leave them out: roll-back, hold-back, roll-again."
    found = lines(not_run=[*NOT_RUN, *back])
    assert found[0] == "iptables -> nftables: MAY, on the way there, as far as the roll goes"
    faults = [phase for phase in NOT_RUN if phase.task is Task.FAULTS]
    assert lines(not_run=[*faults, *back])[0] == "iptables -> nftables: MAY, on the way there, without faults"
    assert lines(not_run=[])[0] == "iptables -> nftables: MAY"


def test_one_with_few_cases_says_so_at_its_head_and_what_that_means() -> None:
    few = lines(not_run=[], selection=Selection.SMOKE)
    assert few[0] == "iptables -> nftables: MAY, with the cases of smoke alone"
    assert "Of the cases of conformance the few of smoke alone were asked" in " ".join(few)
    left_out = [phase for phase in PLANNED if phase.leg in (Leg.BACK, Leg.AGAIN)]
    left_out += [phase for phase in NOT_RUN if phase.task is Task.FAULTS]
    quick = " ".join(lines(not_run=left_out, selection=Selection.SMOKE)[:2])
    assert quick.startswith(
        "iptables -> nftables: MAY, on the way there, with the cases of smoke alone, without faults"
    )
    # The answer that it may not is no weaker for the cases that were not asked.
    worse = lines("roll-forward", not_run=[], selection=Selection.SMOKE)
    assert worse[0] == "iptables -> nftables: MAY NOT"
    assert "the few of smoke alone were asked" in " ".join(worse)


def test_no_line_is_wider_than_a_terminal() -> None:
    found = lines("roll-forward", "roll-back", "hold-to", left=["mixed"])
    assert all(len(line) <= WIDTH for line in found)


def test_reasons_come_the_worst_first_with_their_promise() -> None:
    found = lines("roll-forward", "roll-back")
    assert found[0].endswith("MAY NOT")
    reasons = [line for line in found if line[:1].isdigit()]
    assert reasons[0].startswith("1. the way back: ")
    assert any("the roll itself" in line for line in reasons)
    assert any("roll.outage_s: 0 (slos/upgrade.yaml:" in line for line in found)


def test_an_acceptance_of_nothing_is_said() -> None:
    idle = Acceptance(check="outtage", phase="roll-back", reason="known", until=TODAY)
    said = "accepted, but nothing like it failed: outtage, phase roll-back (known)"
    assert said in lines("roll-back", accepted=(idle,))
    assert said in lines(accepted=(idle,))


def test_one_fact_is_one_reason() -> None:
    found = lines("roll-forward", "roll-again", "roll-back")
    reasons = [line for line in found if line[:2] in ("1.", "2.", "3.")]
    assert reasons == [
        "1. the way back: outage: new TCP in roll-back",
        "2. the roll itself: outage: new TCP in roll-again, also in roll-forward",
    ]


def test_a_reason_comes_with_its_remedy() -> None:
    trouble = Finding("replacement", Verdict.FAIL, "it does not serve", remedy="read its log")
    reason = Observation("roll-forward", Concern.ROLL, trouble)
    judgement = judge([reason], today=TODAY)
    assert "   remedy: read its log" in list(page(HEADING, judgement, [reason], seen(), WHOLE))


def test_the_table_has_the_outage_and_what_was_left_behind() -> None:
    found = lines("roll-forward", left=["mixed"])
    assert row(found, "roll-forward")[3] == "0.25"
    assert row(found, "hold-from")[3] == "0"
    assert row(found, "mixed")[-1] == "2"


def test_what_cannot_be_told_to_be_left_is_said() -> None:
    own = Remains(ProxyMode.NFTABLES, frozenset({"nft: table ip kube-proxy"}), earlier=ProxyMode.NFTABLES)
    history, nodes = seen(), {"node-1": own, "node-2": own}
    found = observed(history, Passage({"hold-to": nodes}), PLANNED, SETTING, TERMS, SUBJECTS)
    judgement = judge(found, subject="nftables", today=TODAY)
    shown = list(page(HEADING, judgement, found, history, WHOLE))
    assert row(shown, "hold-to")[-1] == "-"
    assert "What was left behind in hold-to: not told: on node-1, node-2 both" in " ".join(shown)


def test_an_upgrade_that_stopped_shows_which_phases_did_not_take_place() -> None:
    found = lines(ended=["hold-from", "roll-forward"])
    assert found[0].endswith("CANNOT TELL")
    assert "did not take place" in " ".join(row(found, "hold-back"))


def test_what_is_accepted_is_part_of_the_answer() -> None:
    checks = ("outage: new TCP", "availability: new TCP")
    accepted = tuple(Acceptance(check=each, reason="we reconnect", until=TODAY) for each in checks)
    found = lines("roll-forward", accepted=accepted)
    assert found[0].startswith("iptables -> nftables: MAY, WITH 2 ACCEPTED FAILURES")
    assert sum("accepted until 2026-11-29 (we reconnect)" in line for line in found) == 2


def test_a_reason_names_the_node_replaced_then_and_how_far_into_the_phase_it_was() -> None:
    text = " ".join(" ".join(lines("roll-forward")).split())
    # The roll stops the kube-proxy of its node after 1 s, and the attempts time out from 5 s on.
    assert "s) from +5.000 s, 5 attempts hurt, 4.000 s after proxy_stopped any on node-1" in text
