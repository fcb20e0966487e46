"""Evidence: the histories that a run left in its folder, found by the paths its findings name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.frames import pl
from gauntlet.ground.history import EVENTS, History, events, stored_attempts

FILES = (".parquet", ".jsonl", ".txt", ".log", ".json")


@dataclass(frozen=True)
class Evidence:
    """What could be read of one case's evidence.

    `folder` is relative to the run, None if the findings name none. `missing` says, for a
    person, what should be there and is not.
    """

    folder: str | None
    history: History | None
    missing: str = ""


def evidence_of(run: Path, paths: Iterable[str]) -> Evidence:
    """Read the history in the first folder among `paths` that holds one.

    A path may name the case's folder or a file in it. Paths that lead out of the run's folder
    are not followed: results.json may come from elsewhere.
    """
    missing: list[str] = []
    first: str | None = None
    for folder in _folders(run, paths):
        name = folder.relative_to(run.resolve()).as_posix()
        first = first or name
        if not (folder / "attempts.parquet").exists():
            missing.append(f"{name}/attempts.parquet is missing")
            continue
        try:
            return Evidence(name, _history(folder))
        except (OSError, pl.exceptions.PolarsError) as error:
            missing.append(f"{name} cannot be read: {str(error).splitlines()[0]}")
    return Evidence(first, None, "; ".join(missing))


def _folders(run: Path, paths: Iterable[str]) -> list[Path]:
    root = run.resolve()
    found: dict[Path, None] = {}
    for path in paths:
        target = (root / path).resolve()
        is_file = target.suffix in FILES and not target.is_dir()
        folder = target.parent if is_file else target
        if folder != root and folder.is_relative_to(root):
            found[folder] = None
    return list(found)


def _history(folder: Path) -> History:
    attempts = stored_attempts(folder / "attempts.parquet")
    path = folder / "events.parquet"
    if not path.exists():
        return History(attempts.sort("at_ns"), events([]))
    noted = pl.read_parquet(path, glob=False).select(EVENTS.keys())
    return History(attempts.sort("at_ns"), noted.sort("at_ns", maintain_order=True))
