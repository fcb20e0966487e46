"""Folders of the cache of binaries: filled under another name and renamed, so each is whole as soon as it exists."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gauntlet.ground import paths
from gauntlet.ground.disk import lock_or_wait
from gauntlet.ground.errors import EnvironmentUnfit

Say = Callable[[str], None]


def root() -> Path:
    return paths.cache_root() / "binaries"


def is_filled(programs: Iterable[Path]) -> bool:
    return all(os.access(program, os.X_OK) for program in programs)


def fill(folder: Path, names: Iterable[str], make: Callable[[Path], None], on_wait: Callable[[], None]) -> bool:
    """Let `make` put programs of these names into an empty folder, then rename that to `folder`; False if it was whole.

    If another process fills it already, `on_wait` is called and that process is waited for. Whatever `make` raises,
    nothing of it stays. Raises EnvironmentUnfit if the cache cannot be written.
    """
    names = tuple(names)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder, on_wait):
            if is_filled(folder / name for name in names):
                return False
            _sweep(folder)
            with _part(folder) as part:
                make(part)
                _commit(part, folder, names)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise EnvironmentUnfit(
            f"cannot write the cache: {error}", "set XDG_CACHE_HOME to a folder that this user may write"
        ) from error
    return True


@contextmanager
def locked(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a folder of the cache for this process alone, by a file beside it; `on_wait` is called if another has it."""
    with folder.with_name(folder.name + ".lock").open("w") as file:
        lock_or_wait(file.fileno(), on_wait)
        yield


@contextmanager
def _part(folder: Path) -> Iterator[Path]:
    """A folder beside the given one to work in; gone at the end, unless it was renamed."""
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what a killed process left, and a folder that lost a program. Call it with the lock held."""
    for left in folder.parent.glob(f"{folder.name}.part-*"):
        shutil.rmtree(left, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)


def _commit(part: Path, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        # A rename may reach the disk before the data does; a power cut in between would leave an empty program.
        with (part / name).open("rb") as program:
            os.fsync(program.fileno())
    part.chmod(0o755)
    part.rename(folder)
