"""A cluster is used by one run at a time: the lock that a run holds on it.

It is a flock(2), which ends with the process that holds it, however that ends. The file says who holds it. What a
process starts may use what the process holds.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.ground.journal.owner import UNKNOWN, Owner
from gauntlet.ground.names import require_file_name
from gauntlet.ground.paths import state_root
from gauntlet.ground.waiting import NotInTime, until

# Whoever only looks holds the lock for a moment; so does one that has just been killed, until the kernel is done.
_GIVEN_UP_WITHIN_S = 2.0
_held: dict[Path, int] = {}


class ClusterInUse(UsageError):
    """Another process uses the cluster; nothing was changed."""

    def __init__(self, name: str, owner: Owner) -> None:
        # Of a process that does not run here, another machine may have the number, or an unrelated process.
        end = f", or end it: kill -INT {owner.pid}" if owner.lives else ""
        super().__init__(f"cluster {name} is in use by {owner}", f"wait for its end{end}")
        self.owner = owner


def take(provider: str, name: str) -> None:
    """Use a cluster from now on, until `release` or the end of this process. Safe to repeat.

    Raises ClusterInUse if a process uses it that neither is this one nor has started it.
    """
    path = _path(provider, name)
    if path in _held:
        return
    try:
        until(
            lambda: _taken(path, name),
            what=f"the lock on cluster {name} is free",
            deadline_s=_GIVEN_UP_WITHIN_S,
            every_s=0.02,
        )
    except NotInTime:
        raise ClusterInUse(name, _named(path)) from None
    except OSError as error:
        raise EnvironmentUnfit(
            f"{path} cannot be written: {error.strerror}",
            "free space, correct the folder's permissions, or choose another one with XDG_STATE_HOME",
        ) from error


def release(provider: str, name: str) -> None:
    """Let others use the cluster. Without effect if this process does not hold the lock."""
    path = _path(provider, name)
    if path in _held:
        path.unlink(missing_ok=True)
        os.close(_held.pop(path))


@contextmanager
def used(provider: str, name: str) -> Iterator[None]:
    """Use a cluster while this lasts. Raises what `take` does."""
    before = is_held(provider, name)
    take(provider, name)
    try:
        yield
    finally:
        if not before:
            release(provider, name)


@contextmanager
def ending(provider: str, name: str) -> Iterator[None]:
    """Use a cluster to its end: afterwards the lock is released, also if it was held before. Raises what `take` does.

    If the end fails, a lock that was held before is still held.
    """
    before = is_held(provider, name)
    take(provider, name)
    try:
        yield
    except BaseException:
        if not before:
            release(provider, name)
        raise
    release(provider, name)


def clear(provider: str, name: str) -> None:
    """Delete what a killed process left of its lock. Without effect if the cluster is in use."""
    if _path(provider, name).exists():
        with suppress(ClusterInUse), used(provider, name):
            pass


def is_held(provider: str, name: str) -> bool:
    """Whether this process holds the lock itself."""
    return _path(provider, name) in _held


def user(provider: str, name: str) -> Owner | None:
    """The process that uses a cluster at this moment; None if nobody does."""
    path = _path(provider, name)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(path)
    finally:
        os.close(fd)
    return None


def _taken(path: Path, name: str) -> bool:
    """Whether this process may use the cluster now. Raises ClusterInUse if another one holds it and goes on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        owner = _named(path)
        if owner.started_me:
            return True
        if owner.lives:
            raise ClusterInUse(name, owner) from None
        return False
    if not _is_current(path, fd):
        os.close(fd)
        return False
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(asdict(Owner.me())).encode(), 0)
    except OSError:
        os.close(fd)
        raise
    _held[path] = fd
    return True


def _is_current(path: Path, fd: int) -> bool:
    """Whether this is still the file of that name: the last holder may have deleted it before letting go."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _named(path: Path) -> Owner:
    """Who the file says holds the lock. A holder that has just taken it may not have written that yet."""
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return UNKNOWN


def _path(provider: str, name: str) -> Path:
    return state_root() / "in-use" / provider / require_file_name("a cluster", name)
