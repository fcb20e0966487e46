"""What a roll cost the traffic that flowed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pytest

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.ground import history
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import DeclaredFlow, Event, EventKind, History
from gauntlet.ground.paths import project_root
from gauntlet.promises import upgrade
from gauntlet.upgrade.phases import PhaseHistory
from gauntlet.upgrade.roll_cost import Setting, cost, ready, resolution
from tests.unit.checkers.histories import BACKENDS, EMPTY, Row, declared, frame, ns, steady

TERMS = upgrade.load(project_root() / "slos")
STOPPED, REPLACED = EventKind.PROXY_STOPPED, EventKind.PROXY_REPLACED


@dataclass(frozen=True)
class Sent(Row):
    protocol: str = "tcp"
    frontend: str = "cluster_ip"

    def row(self) -> dict[str, str | int | None]:
        return super().row() | {"protocol": self.protocol, "frontend": self.frontend}


def sent(client: str, protocol: str, connection: str, *, bad: Sequence[tuple[float, float]] = ()) -> list[Sent]:
    """Ten seconds of attempts of one flow, each 50 ms; those that begin within `bad` time out, one after the other."""
    rows: list[Sent] = []
    at_s = 0.0
    while at_s < 10:
        hurt = any(begin <= at_s < end for begin, end in bad)
        row = Sent(at_s, client=client, connection=connection, protocol=protocol)
        rows.append(replace(row, outcome="timeout", latency_ms=500) if hurt else row)
        at_s += 0.5 if hurt else 0.05
    return rows


KINDS = {
    "new TCP": ("tcp", "new"),
    "kept TCP": ("tcp", "kept"),
    "new UDP": ("udp", "new"),
    "kept UDP": ("udp", "kept"),
}
ROLLED = [
    Event(STOPPED, "before", "node-1", at_ns=ns(2)),
    Event(REPLACED, "after", "node-1", at_ns=ns(3)),
    Event(STOPPED, "before", "node-2", at_ns=ns(4)),
    Event(REPLACED, "after", "node-2", at_ns=ns(6)),
]


def flow(row: Sent) -> DeclaredFlow:
    made = row.row()
    return DeclaredFlow(**{name: made[name] for name in DeclaredFlow.__dataclass_fields__})  # type: ignore[arg-type]


TEN_SECONDS = Stretch(ns(0), ns(10))


def seen(rows: Iterable[Row], events: Sequence[Event] = ROLLED, stretch: Stretch = TEN_SECONDS) -> PhaseHistory:
    whole = History(history.attempts(row.row() for row in rows), history.events(event.row() for event in events))
    return PhaseHistory(whole.attempts, whole.events, whole, stretch)


def judged(
    rows: Sequence[Sent], *, silent: Sequence[Sent] = (), sticky: dict[str, float] | None = None
) -> dict[str, Finding]:
    flows = {flow(row) for row in [*rows, *silent]}
    setting = Setting(flows, BACKENDS, sticky=sticky or {})
    found = cost(seen(rows), setting, TERMS)
    assert len({finding.check for finding in found}) == len(found)
    return {finding.check: finding for finding in found}


def all_kinds(**bad: Sequence[tuple[float, float]]) -> list[Sent]:
    return [row for kind, how in KINDS.items() for row in sent(kind, *how, bad=bad.get(kind.replace(" ", "_"), ()))]


def test_a_roll_that_nobody_notices_passes_every_check() -> None:
    found = judged(all_kinds(), sticky={"test/web": 10})
    assert {finding.verdict for finding in found.values()} == {Verdict.PASS}, found
    assert set(found) == {
        *("flows", "correctness", "resolution", "ready", "affinity-broken: test/web"),
        *(f"{check}: {kind}" for check in ("availability", "outage") for kind in KINDS),
        *("connections-cut", "udp-flows-lost", "udp-flows-moved"),
    }


def test_the_outages_of_two_nodes_are_not_one() -> None:
    found = judged(all_kinds(new_TCP=[(2.2, 2.9), (4.2, 4.9)]))["outage: new TCP"]
    assert found.figure is not None
    assert found.figure + (found.resolution or 0) < 1.5
    assert found.reason.startswith("2 outages")


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        ("new TCP", set()),
        ("kept TCP", {"connections-cut"}),
        ("new UDP", set()),
        ("kept UDP", {"udp-flows-lost"}),
    ],
)
def test_what_one_kind_of_connection_loses_is_found_under_its_name(kind: str, also: set[str]) -> None:
    found = judged(all_kinds(**{kind.replace(" ", "_"): [(2, 5)]}))
    failed = {check for check, finding in found.items() if finding.verdict is Verdict.FAIL}
    assert failed == {f"availability: {kind}", f"outage: {kind}", *also}


def test_each_finding_names_the_promise_that_it_is_held_against() -> None:
    found = judged(all_kinds(), sticky={"test/web": 10})
    assert found["outage: kept TCP"].promise.startswith("roll.outage_s: 0 (slos/upgrade.yaml:")
    assert found["affinity-broken: test/web"].promise.startswith("roll.affinity_broken: 0 ")
    assert {check for check, finding in found.items() if not finding.promise} == {"flows"}


def test_affinity_that_is_forgotten_fails() -> None:
    rows = all_kinds()
    rows[30] = replace(rows[30], backend="backend-2")
    found = judged(rows, sticky={"test/web": 10})
    assert found["affinity-broken: test/web"].verdict is Verdict.FAIL
    assert "affinity-broken: test/web" not in judged(rows)


def test_a_connection_to_a_backend_that_had_gone_is_not_cut() -> None:
    rows = all_kinds(kept_TCP=[(5, 5.5)])
    setting = Setting({flow(row) for row in rows}, BACKENDS)
    for gone, verdict in (({}, Verdict.FAIL), ({"backend-1": ns(4)}, Verdict.PASS)):
        found = cost(seen(rows), replace(setting, gone=gone), TERMS)
        assert next(each for each in found if each.check == "connections-cut").verdict is verdict


def test_a_wrong_backend_fails() -> None:
    rows = all_kinds()
    rows[30] = replace(rows[30], backend="somebody")
    assert judged(rows)["correctness"].verdict is Verdict.FAIL


def resolving(*, bad: Sequence[tuple[float, float]] = (), backend: str | None = None) -> list[Sent]:
    """A client of the cluster's DNS, whose servers say who they are only if there is a `backend`."""
    asked = [row for protocol in ("udp", "tcp") for row in sent("client-1", protocol, "new", bad=bad)]
    return [replace(row, frontend="dns", service="kube-system/kube-dns", backend=backend) for row in asked]


def judged_with_names(rows: Sequence[Sent], *, unnamed: bool = True) -> dict[str, Finding]:
    flows = {flow(row) for row in rows}
    setting = Setting(flows, BACKENDS, unnamed=frozenset({"kube-system/kube-dns"} if unnamed else ()))
    return {finding.check: finding for finding in cost(seen(rows), setting, TERMS)}


DNS_CHECKS = {"availability: DNS", "outage: DNS", "correctness: DNS"}


def test_clients_that_resolve_a_name_have_findings_of_their_own() -> None:
    found = judged_with_names([*all_kinds(), *resolving()])
    assert set(found) >= DNS_CHECKS
    assert {finding.verdict for finding in found.values()} == {Verdict.PASS}, found
    assert found["correctness: DNS"].promise.startswith("roll.wrong_backend: 0 ")


def test_what_resolvers_lose_is_theirs_alone() -> None:
    found = judged_with_names([*all_kinds(), *resolving(bad=[(2, 5)])])
    assert {check for check, each in found.items() if each.verdict is Verdict.FAIL} == {
        "availability: DNS",
        "outage: DNS",
    }


def test_what_others_lose_is_not_of_resolvers() -> None:
    found = judged_with_names([*all_kinds(new_UDP=[(2, 5)], new_TCP=[(2, 5)]), *resolving()])
    assert {found[check].verdict for check in DNS_CHECKS} == {Verdict.PASS}


def test_an_answer_with_another_address_fails() -> None:
    rows = resolving()
    rows[30] = replace(rows[30], outcome="wrong_backend")
    found = judged_with_names([*all_kinds(), *rows])
    assert (found["correctness: DNS"].verdict, found["correctness: DNS"].figure) == (Verdict.FAIL, 1.0)
    assert found["correctness"].verdict is Verdict.PASS


def test_names_that_nobody_answered_are_inconclusive() -> None:
    found = judged_with_names([*all_kinds(), *resolving(bad=[(0, 10)])])
    assert found["correctness: DNS"].verdict is Verdict.INCONCLUSIVE


def test_servers_that_say_who_they_are_have_to() -> None:
    named = judged_with_names([*all_kinds(), *resolving(backend="backend-1")], unnamed=False)
    assert named["correctness"].verdict is Verdict.PASS
    assert "correctness: DNS" not in named
    silent = judged_with_names([*all_kinds(), *resolving()], unnamed=False)
    assert silent["correctness"].verdict is Verdict.INCONCLUSIVE


def test_a_kind_that_was_declared_and_did_nothing_is_inconclusive() -> None:
    rows = sent("new TCP", "tcp", "new")
    found = judged(rows, silent=[Sent(0, client="kept UDP", connection="kept", protocol="udp")])
    undecided = {check for check, finding in found.items() if finding.verdict is Verdict.INCONCLUSIVE}
    assert undecided == {"flows", "availability: kept UDP", "outage: kept UDP", "udp-flows-lost", "udp-flows-moved"}


FIVE_SECONDS = Stretch(ns(0), ns(5))


def test_traffic_that_stops_before_the_phase_is_over_is_inconclusive() -> None:
    rows = [row for row in all_kinds() if row.at_s < 3]
    found = judged(rows)
    assert {check for check in ("flows", "resolution") if found[check].verdict is Verdict.INCONCLUSIVE} == {
        *("flows", "resolution")
    }


class TestResolution:
    def test_attempts_that_are_close_enough_pass(self) -> None:
        assert resolution(frame(steady(0, 5, 0.05)), FIVE_SECONDS, 0.1).verdict is Verdict.PASS

    def test_a_flow_that_was_quiet_is_inconclusive(self) -> None:
        found = resolution(frame([*steady(0, 2, 0.05), *steady(2.3, 5, 0.05)]), FIVE_SECONDS, 0.1)
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.figure == pytest.approx(0.348)

    def test_a_flow_does_not_hide_the_quiet_of_another(self) -> None:
        rows = [*steady(0, 5, 0.05), *steady(0, 2, 0.05, client="b"), *steady(3, 5, 0.05, client="b")]
        assert resolution(frame(rows), FIVE_SECONDS, 0.1).verdict is Verdict.INCONCLUSIVE

    @pytest.mark.parametrize(("start_s", "end_s"), [(0.5, 5), (0, 4.5), (-4, -3), (6, 7)])
    def test_a_flow_that_begins_late_or_stops_early_is_inconclusive(self, start_s: float, end_s: float) -> None:
        found = resolution(frame(steady(start_s, end_s, 0.05)), FIVE_SECONDS, 0.1)
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.figure is not None
        assert found.figure >= 0.4

    @pytest.mark.parametrize("edge_s", [-1.0, 5.0])
    def test_a_quiet_across_an_edge_counts_whole(self, edge_s: float) -> None:
        rows = [*steady(-4, edge_s - 0.05, 0.05), *steady(edge_s + 0.05, 9, 0.05)]
        found = resolution(frame(rows), Stretch(ns(edge_s), ns(edge_s + 2)), 0.1)
        assert found.figure == pytest.approx(0.148)
        assert resolution(frame(rows), Stretch(ns(edge_s - 2), ns(edge_s)), 0.1).figure == pytest.approx(0.148)
        assert resolution(frame(rows), Stretch(ns(edge_s + 1), ns(edge_s + 2)), 0.1).verdict is Verdict.PASS

    def test_while_an_attempt_hangs_nothing_goes_unseen(self) -> None:
        rows = [*steady(0, 2, 0.05), Row(2, "timeout", 1000), *steady(3.02, 5, 0.05)]
        assert resolution(frame(rows), FIVE_SECONDS, 0.1).verdict is Verdict.PASS

    def test_a_flow_may_be_quiet_while_its_client_is_not_there(self) -> None:
        rows = [*steady(0, 1, 0.05), *steady(4, 5, 0.05)]
        present = {declared(rows[0]): (Stretch(ns(0), ns(1)), Stretch(ns(4), ns(5)))}
        assert resolution(frame(rows), FIVE_SECONDS, 0.1).verdict is Verdict.INCONCLUSIVE
        assert resolution(frame(rows), FIVE_SECONDS, 0.1, present).verdict is Verdict.PASS
        longer = {declared(rows[0]): (Stretch(ns(0), ns(1.5)), Stretch(ns(4), ns(5)))}
        assert resolution(frame(rows), FIVE_SECONDS, 0.1, longer).verdict is Verdict.INCONCLUSIVE

    def test_no_attempt_is_inconclusive(self) -> None:
        assert resolution(EMPTY, FIVE_SECONDS, 0.1).verdict is Verdict.INCONCLUSIVE


class TestReady:
    @staticmethod
    def of(events: Sequence[Event], within_s: float = 60) -> Finding:
        return ready(history.events(event.row() for event in events), within_s)

    def test_the_slowest_node_counts(self) -> None:
        found = self.of(ROLLED)
        assert (found.verdict, found.figure) == (Verdict.PASS, 2.0)
        assert found.reason.startswith("node-2 took longest")
        assert self.of(ROLLED, 1.5).verdict is Verdict.FAIL

    def test_a_node_that_never_gets_ready_fails(self) -> None:
        found = self.of(ROLLED[:3])
        assert found.verdict is Verdict.FAIL
        assert "node-2" in found.reason

    def test_nothing_replaced_is_inconclusive(self) -> None:
        assert self.of([]).verdict is Verdict.INCONCLUSIVE
