"""docs/soak.md: how many alarms there were in how many runs, and the cause of each, as somebody wrote it there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.soak.ledger import Row, Run
from gauntlet.ground.finding import Verdict
from gauntlet.report.markdown import plain

UNKNOWN = "not known yet"
_HEAD = """# Soak

How often the gauntlet raises an alarm where nothing is wrong: a case that fails or is inconclusive though kube-proxy
is sound. `make soak N=10` runs the conformance profile ten times, `PROFILE=gate` the gate; `LOAD=1` keeps all
processors busy meanwhile, by processes of its own; `MODES=ipvs` and `ARGS='-k udp'` choose other modes and cases. Each
run is a line of [soak.jsonl](soak.jsonl): its date and commit, how busy the machine was, and of each case the verdict
and the seconds. This page is made of all its lines, whenever a soak ends, or by `make soak N=0`.

**Causes** are written into the last column of the second table by hand, and stay there when the page is made anew.

"""
_RUNS = """| profile | processors | runs | with an alarm | cases | alarms | known defects | seconds | commits | days |
|---|---|---|---|---|---|---|---|---|---|
"""
_ALARMS = """## Alarms

| run | case | what it said | machine | cause |
|---|---|---|---|---|
"""
# The run, the case with its subject, two columns more, the cause.
_ALARM_ROW = re.compile(r"^\| (?P<run>\S+) \| `(?P<case>[^`]+)` \| .* \| (?P<cause>[^|]*) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Alarm:
    """One case of one run that did not pass."""

    run: Run
    row: Row

    @property
    def key(self) -> tuple[str, str]:
        """By which its cause is found again on the page."""
        return f"{self.run.started:%Y-%m-%dT%H:%M:%SZ}", f"{self.row.case} {self.row.subject}".rstrip()


def written(runs: Sequence[Run], before: str) -> str:
    """The page. `before` is what it was: the causes in it are kept."""
    causes = {(match["run"], match["case"]): match["cause"].strip() for match in _ALARM_ROW.finditer(before)}
    groups: dict[tuple[str, bool], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.profile, run.loaded), []).append(run)
    lines = [_group(profile, of, loaded=loaded) for (profile, loaded), of in sorted(groups.items())]
    alarms = [Alarm(run, row) for run in runs for row in run.alarms]
    table = _ALARMS + "".join(_alarm(each, causes) for each in alarms) if alarms else "No alarm.\n"
    return f"{_HEAD}{_RUNS}{''.join(lines)}\n{table}"


def _group(profile: str, runs: Sequence[Run], *, loaded: bool) -> str:
    rows = [row for run in runs for row in run.rows]
    took = [run.seconds for run in runs]
    cells = (
        profile,
        "all kept busy"
        if loaded
        else f"{median(run.busy for run in runs):.1f} of {max(run.cores for run in runs)} busy",
        len(runs),
        sum(bool(run.alarms) for run in runs),
        f"{len(rows):,}",
        sum(row.is_alarm for row in rows),
        sum(row.verdict is Verdict.KNOWN_DEFECT for row in rows),
        f"{median(took):.0f}, at most {max(took):.0f}",
        _span(run.commit for run in runs),
        _span(f"{run.started:%Y-%m-%d}" for run in runs),
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def _span(values: Iterable[str]) -> str:
    """The first and the last, if there are several."""
    every = tuple(dict.fromkeys(values))
    return every[0] if len(every) == 1 else f"{every[0]} to {every[-1]}"


def _alarm(alarm: Alarm, causes: Mapping[tuple[str, str], str]) -> str:
    run, row = alarm.run, alarm.row
    when, case = alarm.key
    said = plain(f"{row.verdict}: {row.words}")
    beside = "all kept busy, " if run.loaded else ""
    machine = f"{beside}{run.busy:.1f} of {run.cores} busy, at {run.commit}"
    return f"| {when} | `{case}` | {said} | {machine} | {causes.get(alarm.key) or UNKNOWN} |\n"
