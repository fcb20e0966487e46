"""One run of pytest in a child process, and how signals reach it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import IO

from gauntlet.ground import ending, output
from gauntlet.ground.errors import ExitCode, UsageError

# With one of these pytest only tells something; no case runs.
LISTING = frozenset(
    {"--co", "--collect-only", "--fixtures", "--fixtures-per-test", "--markers", "--help", "-h", "--version", "-V"}
)


class PytestExit(IntEnum):
    """Exit codes of pytest (https://docs.pytest.org/en/stable/reference/exit-codes.html)."""

    OK = 0
    TESTS_FAILED = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE_ERROR = 4
    NO_TESTS_COLLECTED = 5


def require_writable(results: Path) -> None:
    """Make the results folder if it is missing. Raises UsageError if nothing can be written there."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results) as probe:
            probe.write(b"writable")
    except OSError as error:
        raise UsageError(
            f"the results folder {results} is not writable: {error.strerror}",
            "choose a folder you may write to with --results, or correct its owner and permissions",
        ) from error


def run_pytest(options: Sequence[str], folder: Path, output: IO[bytes] | None = None) -> int:
    """Run pytest in `folder` to its end and return its exit code; negative if a signal ended it.

    It says what it has to say into `output`, if there is one.

    SIGINT (Ctrl-C), SIGTERM and SIGHUP are passed on: at the first pytest clears up and ends, at a second one it ends
    at once, with 128 and the signal's number. If this process is killed, pytest clears up and ends as well.

    The exit code need not tell of a signal: one that comes while pytest starts kills it, and one that comes when its
    cases are over changes nothing. `ending.requested()` does.
    """
    argv = [sys.executable, "-m", "gauntlet.cli.pytestrun", str(os.getpid()), *options]
    with _signals_go_to() as receiver:
        # A process group of its own: the terminal signals this process alone, and the commands that pytest runs to
        # clear up are not broken off by a Ctrl-C. It is not the terminal's foreground group, so no stdin.
        child = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
        receiver.join(child)
        return child.wait()


def exit_code(code: int) -> ExitCode:
    """Our exit code for one of pytest's. A selection without any case is a wrong selection."""
    if code == PytestExit.OK:
        return ExitCode.OK
    return ExitCode.USAGE if code in (PytestExit.USAGE_ERROR, PytestExit.NO_TESTS_COLLECTED) else ExitCode.FAILED


def why_ended(code: int) -> str:
    """Why pytest ended before it had results: told to (gauntlet.ground.ending), killed, or by itself."""
    if code == PytestExit.INTERRUPTED or code > 128:
        return "interrupted"
    if code < 0:
        memory = " (out of memory? the kernel's log tells)" if -code == signal.SIGKILL else ""
        return f"pytest was ended by {signal.Signals(-code).name}{memory}"
    return "see what pytest says above"


class _Receiver:
    """Passes signals on to a child. Those that came before there was one, it gets as soon as it is there."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def join(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        for number in self._early:
            child.send_signal(number)

    def forward(self, number: int, _frame: FrameType | None) -> None:
        ending.note()
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


@contextmanager
def _signals_go_to() -> Iterator[_Receiver]:
    receiver = _Receiver()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    kept = {number: signal.signal(number, receiver.forward) for number in numbers}
    try:
        yield receiver
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


if __name__ == "__main__":  # the child: pytest, which shows a traceback when it is interrupted while it starts
    try:
        ending.obey_parent(int(sys.argv[1]))
        output.outlive_readers()
        import pytest

        sys.exit(pytest.main(sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(PytestExit.INTERRUPTED)
