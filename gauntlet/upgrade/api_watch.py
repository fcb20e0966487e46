"""Whether the API server answered throughout an upgrade: what fails without it says nothing of a kube-proxy."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.checkers.sample import NANO, seconds
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict, split_check
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.kube.api import Api
from gauntlet.upgrade.phases import phase_times

CHECK = "api-server"
_EVERY_S = 0.5
# So long it may say nothing.
ANSWER_S = 5.0
# One answer that is lost, or late on a busy machine, is no absence.
_AWAY_S = 1.0
# A kube-proxy that was refused waits for so long, at most, before it lists and watches again (the back-off of
# client-go's reflectors, tools/cache/reflector.go).
_BACK_OFF_S = 30
# What holds whether there is an API server or not.
_ALWAYS = frozenset({"correctness"})


class ApiWatch:
    """Asks the API server whether it is ready, again and again, and writes down when it went and when it came back."""

    def __init__(self, api: Api, events: EventLog) -> None:
        self._api = api
        self._events = events
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="api server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        # Not waited for: the last question may be one that nobody answers.
        self._over.set()

    def was_away(self, since_ns: int) -> bool:
        """Whether it gave no answer at some time since then, or kube-proxies may still wait for that to be over."""
        return bool(overlapping(absences(self._events.read()), Stretch(since_ns, time.time_ns())))

    def _watch(self) -> None:
        missed_ns, away = 0, False
        while not self._over.wait(_EVERY_S):
            asked_ns = time.time_ns()
            trouble = self._trouble()
            if self._over.is_set():
                return
            if not trouble:
                if away:
                    self._events.write(Event(EventKind.API_BACK, CHECK))
                missed_ns, away = 0, False
                continue
            missed_ns = missed_ns or asked_ns
            if not away and time.time_ns() - missed_ns >= _AWAY_S * NANO:
                away = True
                self._events.write(Event(EventKind.API_AWAY, CHECK, detail=trouble, at_ns=missed_ns))

    def _trouble(self) -> str:
        try:
            self._api.get("/readyz")
        except GauntletError as error:
            return error.what
        return ""


def absences(events: pl.DataFrame) -> list[Stretch]:
    """When the API server gave no answer, in order. One that was not over ends with the last event."""
    found: list[Stretch] = []
    since_ns = last_ns = 0
    for kind, at_ns in events.sort("at_ns").select("kind", "at_ns").iter_rows():
        last_ns = at_ns
        if kind == EventKind.API_AWAY:
            since_ns = at_ns
        elif kind == EventKind.API_BACK and since_ns:
            found.append(Stretch(since_ns, at_ns))
            since_ns = 0
    return [*found, Stretch(since_ns, last_ns + 1)] if since_ns else found


def overlapping(away: Sequence[Stretch], phase: Stretch) -> list[Stretch]:
    """The absences that a phase may have suffered from: kube-proxies come back to the API server some time after it."""
    return [each for each in away if each.start_ns < phase.end_ns and each.end_ns + _BACK_OFF_S * NANO > phase.start_ns]


def away_in(events: pl.DataFrame) -> dict[str, str]:
    """For how long the API server was away, in words, by the name of each phase that ended and may suffer from it."""
    away = absences(events)
    ends = dict(phase_times(events, EventKind.PHASE_ENDED))
    stretches = {
        name: Stretch(start_ns, ends[name])
        for name, start_ns in phase_times(events, EventKind.PHASE_STARTED)
        if name in ends
    }
    return {name: _words(mine, stretch) for name, stretch in stretches.items() if (mine := overlapping(away, stretch))}


def excused(findings: Sequence[Finding], away: Sequence[Stretch], phase: Stretch) -> list[Finding]:
    """The findings of a phase, and one more if the API server was away.

    A failure is inconclusive then: without it no kube-proxy gets its rules, and none follows a change.
    """
    mine = overlapping(away, phase)
    if not mine:
        return list(findings)
    words = _words(mine, phase)
    absence = Finding(CHECK, Verdict.MEASURED, f"{words} of the beginning of the phase", _length_s(mine), "s")
    return [*(in_doubt(each, words) for each in findings), absence]


def in_doubt(finding: Finding, words: str) -> Finding:
    """A failure as inconclusive, with these words on the absence of the API server; as it is if there are none."""
    if not words or not is_in_doubt(finding.check, finding.verdict):
        return finding
    return replace(
        finding,
        verdict=Verdict.INCONCLUSIVE,
        reason=f"{words}: {finding.reason}",
        remedy="find out why the API server did not answer, and run the upgrade again",
    )


def is_in_doubt(check: str, verdict: Verdict) -> bool:
    """Whether what was found while the API server was away may be due to that."""
    return verdict is Verdict.FAIL and split_check(check)[0] not in _ALWAYS


def _words(mine: Sequence[Stretch], phase: Stretch) -> str:
    """For how long the API server was away in these absences, and since when of a phase."""
    since = seconds(mine[0].start_ns - phase.start_ns)
    return f"the API server did not answer for {_length_s(mine):.1f} s from {since} on"


def _length_s(away: Sequence[Stretch]) -> float:
    return sum(each.end_ns - each.start_ns for each in away) / NANO
