"""Which subject of one run is compared with which of another."""

from __future__ import annotations

from gauntlet.ground.errors import UsageError
from gauntlet.report.results import Results


def pairs(before: Results, after: Results, chosen: str | None = None) -> tuple[tuple[str, str], ...]:
    """The names of the subjects to compare: those `chosen` ("BEFORE,AFTER"), or of one name, or the only ones.

    Raises UsageError if a run does not have them, or if it is not plain which are meant.
    """
    if chosen is not None:
        was, comma, now = (part.strip() for part in chosen.partition(","))
        if not comma:
            raise UsageError(
                f"--subjects names one subject, {was!r}, and two are compared",
                f"--subjects BEFORE,AFTER, as in --subjects {before.names[0]},{after.names[0]}",
            )
        for which, results, name in (("first", before, was), ("second", after, now)):
            if name not in results.names:
                raise UsageError(
                    f"the {which} run does not have a subject {name!r}",
                    f"--subjects BEFORE,AFTER with names of its subjects: {', '.join(results.names)}",
                )
        return ((was, now),)
    same = tuple((name, name) for name in before.names if name in after.names)
    if same:
        return same
    if len(before.names) == len(after.names) == 1:
        return ((before.names[0], after.names[0]),)
    raise UsageError(
        f"no subject of one run ({', '.join(before.names)}) is in the other ({', '.join(after.names)})",
        "say which to compare: --subjects BEFORE,AFTER",
    )


def unpaired(before: Results, after: Results, chosen: str | None = None) -> tuple[str, ...]:
    """The names of the subjects of the first run that the second should have and has not; none if some were `chosen`.

    Two runs of one subject each are of the same, whatever it is called.
    """
    if chosen is not None or len(before.names) == len(after.names) == 1:
        return ()
    return tuple(name for name in before.names if name not in after.names)
