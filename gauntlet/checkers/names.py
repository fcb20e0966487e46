"""Names: whether a DNS server told its clients what holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gauntlet.checkers.sample import no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.lookup import Lookup, Name


def names(lookups: Sequence[Lookup], expected: Mapping[Name, frozenset[str]], *, check: str = "names") -> Finding:
    """Every lookup was answered by just the records that are expected (docs 'DNS for Services and Pods').

    The figure counts those that were not. Without a lookup of each name it is inconclusive.
    """
    missing = sorted(str(name) for name in expected.keys() - {each.name for each in lookups})
    if missing:
        return no_data(check, f"nobody asked for {', '.join(missing)}")
    wrong = [each for each in lookups if each.trouble or each.records != expected[each.name]]
    reason = f"{len(wrong)} of {len(lookups)} lookups of {len(expected)} names were not answered as they should be"
    details = tuple(_line(each, expected[each.name]) for each in wrong)
    verdict = Verdict.FAIL if wrong else Verdict.PASS
    return Finding(check, verdict, reason, float(len(wrong)), "lookups", 0.0, details=details)


def _line(of: Lookup, wanted: frozenset[str]) -> str:
    said = of.trouble or ", ".join(sorted(of.records)) or "no record"
    return f"{of.client} -> {of.target}: {of.name}: {said}; expected: {', '.join(sorted(wanted)) or 'no record'}"
