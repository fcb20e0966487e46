"""The folder of a run: made before it, announced to whoever started it, and linked to when it is over."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedRandom
from pathlib import Path

from gauntlet.ground.errors import UsageError
from gauntlet.report.results_file import unwritable

# The newest run of all cases of a profile, and the newest of a selection.
LATEST = "latest"
LATEST_SELECTION = "latest-selection"
# Names the file in which whoever starts pytest wants to read the folder of the run.
ANNOUNCE_VARIABLE = "GAUNTLET_ANNOUNCE"


@dataclass(frozen=True)
class Announced:
    """What the run that was started meanwhile said about its folder."""

    file: BufferedRandom

    def folder(self) -> Path | None:
        """The folder of the run; None if it ended before it had one."""
        self.file.seek(0)
        text = self.file.read().decode()
        return Path(text) if text else None


@contextmanager
def announced() -> Iterator[Announced]:
    """Let a run that this process starts say which folder is its own: others may use the same folder of results."""
    # Without a name, so that nothing is left if this process is killed.
    with tempfile.TemporaryFile() as file:
        os.environ[ANNOUNCE_VARIABLE] = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        try:
            yield Announced(file)
        finally:
            os.environ.pop(ANNOUNCE_VARIABLE, None)


def announce(folder: Path) -> None:
    """Tell whoever started this run, if they asked, where its results will be. A run within this one is not theirs."""
    asked = os.environ.pop(ANNOUNCE_VARIABLE, None)
    if asked is not None:
        Path(asked).write_text(str(folder), encoding="utf-8")


def new_run(root: Path) -> Path:
    """Make the folder of a new run below `root`, `<UTC timestamp>-<short id>`, and return it.

    Call it before the run does anything: raises UsageError if results could not be kept.
    """
    for link in (root / LATEST, root / LATEST_SELECTION):
        if link.exists() and not link.is_symlink():
            raise UsageError(
                f"{link} is not a symbolic link, and the gauntlet will not replace it",
                f"move {link} away, or choose another folder with --kp-results",
            )
    folder = root / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    try:
        folder.mkdir(parents=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"writable")
    except OSError as error:
        raise unwritable(root, error) from error
    return folder


def point_latest(folder: Path, name: str = LATEST) -> Path:
    """Make `latest`, or another name, beside `folder` a link to it, in one step. Returns the link."""
    link = folder.parent / name
    temporary = link.with_name(f".{name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(folder.name, target_is_directory=True)
        temporary.replace(link)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise unwritable(folder.parent, error) from error
    return link


def link_to(folder: Path) -> Path:
    """The shortest lasting name of a run's folder: a link beside it that points to it, else the folder itself."""
    links = (folder.parent / name for name in (LATEST, LATEST_SELECTION))
    return next((link for link in links if link.resolve() == folder.resolve()), folder)
