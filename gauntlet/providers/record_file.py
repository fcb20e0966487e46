"""The file in which a provider keeps what is known of a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from gauntlet.ground.errors import UsageError

_Record = TypeVar("_Record")


class UnreadableRecord(UsageError):
    """A record that is there and cannot be read."""


def read(file: Path, made: Callable[[dict[str, Any]], _Record], remedy: str) -> _Record | None:
    """What is `made` of the fields of a record; None if there is no such file.

    Raises UnreadableRecord, with this remedy after a guess at the reason, if it cannot be read, or if `made` raises
    ValueError, TypeError or KeyError.
    """
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(fields, dict):
            raise TypeError("it is not an object of JSON")
        return made(fields)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else error
        raise UnreadableRecord(
            f"{file} cannot be read: {why}", f"did another version of the gauntlet write it? {remedy}"
        ) from error
