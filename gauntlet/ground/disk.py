"""Files that hold what was written to them, whatever happens to the process or the machine."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path


class LineFile:
    """A file that several processes append lines to: each line is there whole, or the writer was told that it is not.

    A last line without its newline was never acknowledged to its writer: it is not read, and the next line written
    takes its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: str) -> None:
        """Hand the whole line over to the kernel: it survives the end of this process, not that of the machine.

        Raises OSError if not all of it was taken.
        """
        with self._at_end() as fd:
            _write_whole(fd, line)

    def append_durably(self, line: str) -> None:
        """Wait until the line is on disk, and so are the folders that lead to it. Raises OSError if it is not."""
        with self._at_end() as fd:
            is_new = os.lseek(fd, 0, os.SEEK_CUR) == 0
            _write_whole(fd, line)
            os.fsync(fd)
            if is_new:
                _sync_folders(self.path)

    def lines(self) -> tuple[bytes, ...]:
        """All whole lines, the oldest first; none if there is no file."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        return tuple(text[: text.rfind(b"\n") + 1].splitlines())

    @contextmanager
    def _at_end(self) -> Iterator[int]:
        """The file, locked, at the end of its last whole line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            size = os.fstat(fd).st_size
            whole = os.pread(fd, size, 0).rfind(b"\n") + 1
            os.ftruncate(fd, whole)
            os.lseek(fd, whole, os.SEEK_SET)
            yield fd
        finally:
            os.close(fd)


def lock_or_wait(fd: int, on_wait: Callable[[], None]) -> None:
    """Lock an open file or folder for this process alone; `on_wait` is called if another has it and is waited for.

    The kernel releases it when the descriptor is closed, or the process ends, however that happens.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(fd, fcntl.LOCK_EX)


def _nothing() -> None:
    """Whoever waits says nothing of it."""


@contextmanager
def alone(folder: Path, on_wait: Callable[[], None] = _nothing) -> Iterator[None]:
    """A folder, which is there, for this context alone; `on_wait` is called if another has it and is waited for."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        lock_or_wait(fd, on_wait)
        yield
    finally:
        os.close(fd)


def replace_file(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Put a new file in the place of `path`, and wait until it is on disk. Readers see the old or the new one whole.

    The new file has the rights `mode` as far as the umask leaves them. Raises OSError if it cannot be written; the old
    file is still there then, and nothing of the new one.
    """
    # Named after the thread, which has its number alone: two that write the same file each write a whole one.
    new = path.with_name(f".{path.name}.{threading.get_native_id()}")
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            _write_whole(fd, text)
            os.fsync(fd)
        finally:
            os.close(fd)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    _sync_folders(path)


def _write_whole(fd: int, text: str) -> None:
    """write(2) may take a part alone, on a disk that is nearly full for example: what is left is written again."""
    left = memoryview(text.encode())
    while left:
        left = left[os.write(fd, left) :]


def _sync_folders(path: Path) -> None:
    """Wait until the names that lead to a file are on disk: those of all folders that this user may have made."""
    for folder in takewhile(lambda each: os.access(each, os.R_OK | os.W_OK), path.absolute().parents):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows no such thing
                raise
        finally:
            os.close(fd)
