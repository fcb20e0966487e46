"""What a world could leave behind on the machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

KINDS = ("net", "mnt", "pid", "user")


def namespaces() -> set[str]:
    """All namespaces that any process of this machine is in."""
    return {name for process in Path("/proc").glob("[0-9]*") for name in namespaces_of(int(process.name))}


def namespaces_of(pid: int) -> set[str]:
    """Those of one process; none if it is gone."""
    found = set()
    for kind in KINDS:
        try:
            found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def mounts(pid: int | None = None) -> set[str]:
    """Device, root and place of each mount that a process sees, this one if none is named; none if it is gone."""
    try:
        text = Path(f"/proc/{'self' if pid is None else pid}/mountinfo").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return set()
    except OSError as error:
        if error.errno == errno.EINVAL:  # it has ended, and nobody has waited for it
            return set()
        raise
    return {" ".join(line.split()[2:5]) for line in text.splitlines()}


@contextmanager
def pinned(pids: Iterable[int]) -> Iterator[set[str]]:
    """The namespaces of these processes but our own. Until the end of the context no other gets the number of one."""
    own, found = namespaces_of(os.getpid()), set()
    with ExitStack() as pins:
        for pid in pids:
            for kind in KINDS:
                try:
                    pin = pins.enter_context(Path(f"/proc/{pid}/ns/{kind}").open())
                except (FileNotFoundError, ProcessLookupError):
                    continue
                found.add(str(Path(f"/proc/self/fd/{pin.fileno()}").readlink()))
        yield found - own
