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

from gauntlet.errors import ExitCode, UsageError

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
    """Make the results folder if it is missing. Raises UsageError where nothing can be written there."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results) as probe:
            probe.write(b"writable")
    except OSError as error:
        raise UsageError(
            f"the results folder {results} is not writable: {error.strerror}",
            "choose a folder you may write to with --results, or correct its owner and permissions",
        ) from error


def run_pytest(options: Sequence[str], folder: Path) -> int:
    """Run pytest in `folder` to its end and return its exit code; negative if a signal ended it.

    SIGINT (Ctrl-C) and SIGTERM reach pytest as one SIGINT each, whether they were sent to this process, to its
    group, or by the terminal: pytest then clears up and ends. If this process is killed, pytest gets SIGINT as well.
    """
    argv = ["setpriv", "--pdeathsig", "INT", sys.executable, "-m", "gauntlet.pytestrun", *options]
    # A process group of its own: else the terminal would signal it, we would too, and the second signal would
    # break off the clean-up that the first one began. It is not the terminal's foreground group, so no stdin.
    child = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, process_group=0)
    with _signals_go_to(child.pid):
        return child.wait()


def exit_code(code: int) -> ExitCode:
    """Our exit code for one of pytest's. A selection without any case is a wrong selection."""
    if code == PytestExit.OK:
        return ExitCode.OK
    return ExitCode.USAGE if code in (PytestExit.USAGE_ERROR, PytestExit.NO_TESTS_COLLECTED) else ExitCode.FAILED


@contextmanager
def _signals_go_to(group: int) -> Iterator[None]:
    def forward(_number: int, _frame: FrameType | None) -> None:
        try:
            os.killpg(group, signal.SIGINT)
        except ProcessLookupError:
            return

    kept = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


if __name__ == "__main__":  # the child: pytest, which shows a traceback when it is interrupted while it starts
    import pytest

    try:
        sys.exit(pytest.main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(PytestExit.INTERRUPTED)
