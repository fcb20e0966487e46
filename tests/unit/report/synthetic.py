"""Histories and runs made up for the report's tests: shaped like real ones, the same every time."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Connection, Event, EventKind, Frontend, History, Outcome, Protocol, attempts, events
from gauntlet.report import results
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.subject import parse

START_NS = 1_795_000_000_000_000_000
CLIENTS = (("client-1", "node-1"), ("client-2", "node-2"), ("client-3", "node-3"), ("outside", None))
FULL_VERSIONS = {"1.25": "1.25.9", "1.36": "1.36.3", "1.37": "1.37.2"}
BACKENDS = (("web-1", "node-1"), ("web-2", "node-2"), ("web-3", "node-3"))


@dataclass(frozen=True)
class Shape:
    """What a made-up history looks like: when attempts fail, and for which client nodes."""

    length_s: float = 24.0
    rate_per_s: float = 30.0
    fault_s: float = 5.0
    outage_s: float = 0.0
    remedy_s: float | None = None
    hurt_nodes: tuple[str | None, ...] = ("node-1",)
    outcome: Outcome = Outcome.TIMEOUT
    waiting_s: float = 0.35  # from a failed attempt to the client's next
    weights: tuple[float, ...] = (1, 1, 1)
    seed: int = 7


def history(shape: Shape) -> History:
    """Attempts of four clients against three backends, and the events of one fault."""
    dice = random.Random(shape.seed)
    rows: list[dict[str, str | int | None]] = []
    for client, node in CLIENTS:
        at_s = dice.random() / shape.rate_per_s
        while at_s < shape.length_s:
            out = shape.fault_s <= at_s < shape.fault_s + shape.outage_s and node in shape.hurt_nodes
            latency_s = dice.lognormvariate(-6.2, 0.35) * (2.2 if shape.fault_s < at_s < shape.fault_s + 1 else 1)
            rows.append(_attempt(client, node, at_s, latency_s, shape, dice, out=out))
            at_s += shape.waiting_s if out else dice.expovariate(shape.rate_per_s)
    return History(attempts(rows), events([event.row() for event in _events(shape)]))


def _attempt(
    client: str, node: str | None, at_s: float, latency_s: float, shape: Shape, dice: random.Random, *, out: bool
) -> dict[str, str | int | None]:
    backend, backend_node = dice.choices(BACKENDS, shape.weights)[0]
    return {
        "at_ns": START_NS + int(at_s * 1e9),
        "latency_ns": int((shape.waiting_s if out else latency_s) * 1e9),
        "client": client,
        "client_node": node,
        "service": "t-1/web",
        "frontend": str(Frontend.CLUSTER_IP),
        "address": "10.96.0.17",
        "port": 80,
        "protocol": str(Protocol.TCP),
        "connection": str(Connection.NEW),
        "outcome": str(shape.outcome if out else Outcome.OK),
        "backend": None if out else backend,
        "backend_node": None if out else backend_node,
        "seen_source_ip": None,
        "error": "timed out" if out else None,
    }


def _events(shape: Shape) -> list[Event]:
    def at(seconds: float) -> int:
        return START_NS + int(seconds * 1e9)

    fault = shape.fault_s
    hurt_end = fault + max(shape.outage_s, 3.0) + 2.0
    noted = [
        Event(EventKind.WINDOW_STARTED, "control", at_ns=at(0.2)),
        Event(EventKind.WINDOW_ENDED, "control", at_ns=at(fault - 0.2)),
        Event(EventKind.FAULT_INTENDED, "flush-1", "node-1", "iptables -t nat -F", at(fault - 0.05)),
        Event(EventKind.WINDOW_STARTED, "hurt", at_ns=at(fault)),
        Event(EventKind.FAULT_INJECTED, "flush-1", "node-1", "iptables -t nat -F", at(fault)),
        Event(EventKind.FAULT_LANDED, "flush-1", "node-1", "nat holds 0 KUBE- chains, held 61", at(fault + 0.03)),
        Event(EventKind.WINDOW_ENDED, "hurt", at_ns=at(hurt_end)),
        Event(EventKind.WINDOW_STARTED, "after", at_ns=at(hurt_end + 0.3)),
        Event(EventKind.WINDOW_ENDED, "after", at_ns=at(shape.length_s - 0.3)),
    ]
    if shape.remedy_s is not None:
        remedy = fault + shape.remedy_s
        noted.append(Event(EventKind.REMEDY_APPLIED, "restart-proxy", "node-1", "kill -9 4711", at(remedy)))
        noted.append(Event(EventKind.PROXY_RESTARTED, "kube-proxy", "node-1", "pid 4711 -> 4802", at(remedy + 1.02)))
        noted.append(Event(EventKind.FAULT_HEALED, "flush-1", "node-1", "61 KUBE- chains", at(remedy + 1.9)))
    return noted


EXPERIMENT = "suites/chaos/test_flush.py::test_nat_flush"
CASE = "suites/conformance/test_node_port.py::test_outside"


def experiment(
    folder: Path, case: str, subject: str, shape: Shape, *more: Finding
) -> tuple[results.FindingRecord, ...]:
    """Save a history as a case's evidence, and say about it what the checkers would."""
    place = f"evidence/{case.rpartition('::')[2]}-{subject}"
    history(shape).save(folder / place)
    longest = shape.outage_s
    found = [
        Finding("control", Verdict.PASS, "600 of 600 attempts were ok before the fault", 1.0, "share", 1.0),
        Finding("availability", Verdict.PASS, "82 % of attempts were ok while hurt", 0.82, "share", 0.5, 0.001),
        Finding("outage", Verdict.PASS, "1 outage, of client-1", longest, "s", 15.0, 0.04),
        Finding("recovery", Verdict.PASS, "good for 2 s from then on", longest + 0.02, "s", 15.0, 0.04),
        Finding("latency", Verdict.PASS, "p99 of client-1", 5.13, "ms", 250.0),
        Finding("balance", Verdict.PASS, "even over all and from each node", 0.041, "of the fair share", 0.1, 0.06),
        *more,
    ]
    return results.records(case, subject, found, [place])


def passing(case: str, subject: str) -> tuple[results.FindingRecord, ...]:
    return results.records(case, subject, [Finding("availability", Verdict.PASS, "all were ok", 1.0, "share", 1.0)])


def failing(case: str, subject: str, reason: str = "web-1 got 70 %") -> tuple[results.FindingRecord, ...]:
    return results.records(
        case,
        subject,
        [
            Finding(
                *("balance", Verdict.FAIL, reason, 0.7, "of the fair share", 0.1),
                promise="balance.max_skew: 0.1 (slos/default.yaml:18)",
                remedy="compare the shares in the rules with even ones",
            )
        ],
    )


def account(case: str, subject: str) -> results.Account:
    """What a case tells of itself if it did not pass."""
    return results.Account(
        case=case,
        subject=subject,
        expected="From the pod of every node, each backend gets its fair share.",
        promise="No client notices the fault. (slos/default.yaml:3)",
        node="node-2",
        rules=(
            "node-2 (iptables: 61 rules, 24 chains, 0 elements): 10.96.0.10:80",
            "  tcp 10.96.0.10 80 (t-1/web): 10.244.1.2:80 70.0%, 10.244.2.2:80 15.0%, 10.244.3.2:80 15.0%",
        ),
        files=("evidence/x-iptables/explanation.txt", "evidence/x-iptables/kube-proxy-node-2.log"),
    )


def subject(written: str, kernel: str = "6.18.44", origin: str = "built from source") -> SubjectRecord:
    """The record of a subject as its cluster had it: the full version, where its program came from, the kernel."""
    asked = parse(written, "1.37")
    full = FULL_VERSIONS.get(asked.version, asked.version)
    return SubjectRecord.of(asked).model_copy(update={"version": full, "kernel": kernel, "origin": origin})


def run(
    findings: tuple[results.FindingRecord, ...],
    *subjects: str | SubjectRecord,
    accounts: tuple[results.Account, ...] = (),
    skipped: tuple[results.Skip, ...] = (),
    incomplete: str = "",
    reproduce: str = "gauntlet run --profile gate --kp-seed 4711",
    environment: dict[str, str] | None = None,
    gate: results.GateCases = results.GateCases(ran=39, cases=39),  # noqa: B008  # frozen
) -> results.Results:
    """A run that found this, of the subjects iptables and nftables unless others are given."""
    tested = tuple(subject(each) if isinstance(each, str) else each for each in subjects or ("iptables", "nftables"))
    started = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    return results.Results(
        tool="kube-proxy-gauntlet 0.1.0",
        kubernetes="1.37.2",
        provider="sandbox",
        command="gauntlet run --profile gate",
        seed=4711,
        started=started,
        finished=started + timedelta(minutes=4, seconds=12),
        subjects=tested,
        findings=findings,
        accounts=accounts,
        skipped=skipped,
        reproduce=reproduce,
        options=("--kp-seed=4711", "--kp-version=1.37"),
        environment=environment or {},
        gate={each.name: gate for each in tested},
        incomplete=incomplete,
    )
