"""What the cluster check says: one diagnosis for each question and place, and a line for each node."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from gauntlet.ground.finding import Finding, Verdict

SCHEMA = "kube-proxy-gauntlet/cluster-check/v1"
# `where` of what is true of the whole cluster.
CLUSTER = "cluster"


class Level(StrEnum):
    """`UNKNOWN` is what could not be looked at; it is no more a pass than `PROBLEM`."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    PROBLEM = "problem"


_SEVERITY = tuple(Level)
_VERDICTS = {
    Level.OK: Verdict.PASS,
    Level.WARNING: Verdict.PASS,
    Level.UNKNOWN: Verdict.INCONCLUSIVE,
    Level.PROBLEM: Verdict.FAIL,
}


@dataclass(frozen=True)
class Diagnosis:
    """What one check found in one place: `where` is a node's name or CLUSTER. `remedy` says what to do next.

    `source` says where one can read of it: an issue, a proposal, a file of Kubernetes.
    """

    check: str
    level: Level
    where: str
    what: str
    remedy: str = ""
    source: str = ""


@dataclass(frozen=True)
class NodeSummary:
    """One node at a glance, in words short enough for a table."""

    node: str
    kube_proxy: str
    version: str
    mode: str
    healthz: str
    synced: str
    services: str
    conntrack: str


@dataclass(frozen=True)
class Report:
    """The whole check. `replaced_by` names what does the work of kube-proxy; empty where kube-proxy does it."""

    kubernetes: str
    cni: str
    runs_as: str
    replaced_by: str
    nodes: tuple[NodeSummary, ...]
    diagnoses: tuple[Diagnosis, ...]

    @property
    def level(self) -> Level:
        """The worst of all diagnoses."""
        return worst(self.diagnoses)

    @property
    def sound(self) -> bool:
        """Whether there is neither a problem nor anything that could not be looked at."""
        return self.level in (Level.OK, Level.WARNING)

    def as_dict(self) -> dict[str, object]:
        """All of it, as JSON has it; fields are those of the classes here."""
        return {"schema": SCHEMA, "level": self.level, **asdict(self)}

    def as_json(self) -> str:
        """The same as text."""
        return json.dumps(self.as_dict(), indent=2)


def some(names: Sequence[str], most: int) -> str:
    """The first ones by name, and how many more there are: `a, b and 3 more`."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{rest}"


def worst(diagnoses: Iterable[Diagnosis]) -> Level:
    """The worst level of these; unknown if there is nothing."""
    return max((each.level for each in diagnoses), key=_SEVERITY.index, default=Level.UNKNOWN)


def merged(diagnoses: Iterable[Diagnosis]) -> tuple[tuple[Diagnosis, tuple[str, ...]], ...]:
    """The same words about several places as one entry with all places, the worst first."""
    places: dict[Diagnosis, list[str]] = {}
    first: dict[Diagnosis, Diagnosis] = {}
    for each in diagnoses:
        key = replace(each, where="")
        first.setdefault(key, each)
        places.setdefault(key, []).append(each.where)
    entries = [(first[key], tuple(where)) for key, where in places.items()]
    return tuple(sorted(entries, key=lambda entry: -_SEVERITY.index(entry[0].level)))


def findings(report: Report) -> tuple[Finding, ...]:
    """The diagnoses as findings of a suite, one for each check. The figure counts what is neither ok nor a warning."""
    checks: dict[str, list[Diagnosis]] = {}
    for each in report.diagnoses:
        checks.setdefault(each.check, []).append(each)
    return tuple(_finding(check, found) for check, found in checks.items())


def _finding(check: str, found: list[Diagnosis]) -> Finding:
    worst = max((each.level for each in found), key=_SEVERITY.index)
    telling = [each for each in found if each.level is worst]
    rest = [each for each in found if each.level is not Level.OK and each not in telling[:1]]
    words = telling[0].what if worst is Level.OK else f"{worst}: {telling[0].where}: {telling[0].what}"
    bad = sum(each.level in (Level.PROBLEM, Level.UNKNOWN) for each in found)
    details = [f"{each.level}: {each.where}: {each.what}" for each in rest]
    remedy = telling[0].remedy
    return Finding(check, _VERDICTS[worst], words, float(bad), "places", 0.0, details=tuple(details), remedy=remedy)
