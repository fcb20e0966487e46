"""Options of which a user gives one at most."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.ground.errors import UsageError


def exclusive(options: Mapping[str, object], remedy: str = "give one of them") -> None:
    """Raises UsageError if more than one of these options is given: those whose value is neither None nor False."""
    given = [name for name, value in options.items() if value is not None and value is not False]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", remedy)
