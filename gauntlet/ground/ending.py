"""How a process of the gauntlet ends when it is told to: in order at the first signal, at once at the second.

Python leaves that to how it was started. In the background of a script, under nohup and cron SIGINT is inherited as
ignored, and Python then ignores it too; SIGTERM and SIGHUP end Python without any clean-up. Here all of them become one
KeyboardInterrupt, however the process was started, and `finally` does the rest.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

# A supervisor that signals a whole group or control group reaches a process directly and once more through whoever
# forwards it: what follows so soon is the same request.
SAME_REQUEST_S = 1.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# In front of a command that this process waits for: it is killed if this process dies. The kernel looks at the thread
# that started it, so it is not for commands that outlive a thread.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass
class _State:
    """`requested_s` is when the first signal came, None before; `held` counts the blocks that hold it back."""

    requested_s: float | None = None
    held: int = 0
    pending: bool = False
    closing: bool = False
    rites: list[Callable[[], None]] = field(default_factory=list)


_state = _State()


def obey() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP end this process in order; a second SIGINT or SIGTERM ends it at once.

    SIGHUP stays ignored if it was (nohup). May be repeated, to take the signals back from a library. A thread other
    than the first cannot, and leaves them as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _asked)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _told)


def obey_parent(parent: int) -> None:
    """As `obey`; and if process `parent`, which started this one, is or gets gone, this one ends in order as well.

    The parent may also ask for that with SIGHUP, as often as it likes, and end this process at once with SIGQUIT.
    """
    obey()
    signal.signal(signal.SIGHUP, _told)
    signal.signal(signal.SIGQUIT, lambda number, _frame: _end_at_once(number))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGHUP), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it was gone before the kernel knew what to send
        signal.raise_signal(signal.SIGHUP)


def requested() -> bool:
    """Whether this process was told to end. Who swallows a KeyboardInterrupt on our behalf has to raise it again."""
    return _state.requested_s is not None


def note() -> None:
    """This process was told to end, and somebody else, who got the signal from it, ends in order first.

    It is interrupted by nothing; who waited for the other has to ask `requested`. The next signal ends it at once.
    """
    if _state.requested_s is None:
        _state.requested_s = time.monotonic()


@contextmanager
def held_back() -> Iterator[None]:
    """A first signal does not interrupt this block but what follows it; a second one ends the process as ever.

    For short work that would leave something behind if it were broken off, and for clean-up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
        if _state.pending and not _state.held and not _state.closing:
            _state.pending = False
            raise KeyboardInterrupt


def close() -> None:
    """The process is at its end anyway: from now on a first signal interrupts nothing."""
    _state.closing = True


def at_once(rite: Callable[[], None]) -> Callable[[], None]:
    """Have `rite` done when a second signal ends this process. Returns what takes that back; it may be repeated.

    It runs inside a signal handler: it must be short, and wait for no lock.
    """
    _state.rites.append(rite)

    def forget() -> None:
        if rite in _state.rites:
            _state.rites.remove(rite)

    return forget


def _asked(number: int, frame: FrameType | None) -> None:
    """SIGINT or SIGTERM."""
    if _state.requested_s is not None and time.monotonic() - _state.requested_s > SAME_REQUEST_S:
        _end_at_once(number)
    _told(number, frame)


def _told(_number: int, _frame: FrameType | None) -> None:
    """SIGHUP: as the first SIGINT, however often it comes."""
    if _state.requested_s is not None:
        return
    _state.requested_s = time.monotonic()
    if _state.held or _state.closing:
        _state.pending = True
        return
    raise KeyboardInterrupt


def _end_at_once(number: int) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(each, signal.SIG_IGN)
    with ExitStack() as stack:
        # The last to be called; an error in one rite keeps no other from being done.
        stack.callback(os._exit, 128 + number)
        for rite in _state.rites:
            stack.callback(rite)
        with suppress(OSError):  # nobody reads it any more
            os.write(2, b"\nended at once; `gauntlet heal` undoes the faults that are left\n")
    raise AssertionError("os._exit does not return")
