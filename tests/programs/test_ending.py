"""Whatever way a run was started: a signal ends it in order, a second one at once, and so does its parent's death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import psutil
import pytest

from gauntlet.cli import pytestrun
from gauntlet.ground import ending
from gauntlet.ground.paths import project_root
from gauntlet.ground.waiting import until
from tests import process_tree
from tests.programs.suite_folder import SuiteFolder

# What nohup ignores, and what a shell ignores for a job in the background of a script.
IGNORING = ("env", "--ignore-signal=INT", "--ignore-signal=HUP", "--")

# As long as a fixture's clean-up takes, `clearing` is there; `cleared` has a line for each that came to its end.
SUITE = """
import os, subprocess, sys, time
from pathlib import Path

@pytest.fixture(scope="session", autouse=True)
def something_to_clear_up():
    yield
    Path("clearing").touch()
    time.sleep(float(os.environ["CLEARING_S"]))
    with open("cleared", "a") as file:
        file.write("once\\n")

def test_waits(judge, subject):
    Path(f"began-{subject.name}").touch()
    while not Path("go-on").exists():
        time.sleep(0.05)

def test_never_begins(judge):
    Path("begun-later").touch()
"""
RUN = "import sys; from pathlib import Path; from gauntlet.cli import pytestrun; sys.exit(abs(pytestrun.run_pytest(sys.argv[2:], Path(sys.argv[1]))))"  # noqa: E501


# nohup, under which these tests may run, has them ignored.
HEEDING_HANGUPS = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])",
)


class Run:
    """`gauntlet run`'s process with pytest, and perhaps two workers, below it; soon all are in the waiting case."""

    def __init__(
        self,
        folder: Path,
        *,
        way: Sequence[str] = (),
        workers: int = 0,
        clearing_s: float = 0.2,
        arguments: Sequence[str] = (),
        stderr: int | IO[str] = subprocess.STDOUT,
    ) -> None:
        SuiteFolder.make(folder, SUITE)
        self.folder = folder
        self.modes = ["iptables", "nftables"][: max(1, workers)]
        options = [f"--kp-modes={','.join(self.modes)}", *(["-n", str(workers)] if workers else []), *arguments]
        self.below: list[psutil.Process] = []
        self.process = subprocess.Popen(
            [*way, sys.executable, "-c", RUN, str(folder), "suites", "-p", "no:cacheprovider", *options],
            env={**os.environ, "PYTHONPATH": str(project_root()), "CLEARING_S": str(clearing_s), "PYTEST_ADDOPTS": ""},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )

    def await_cases(self) -> None:
        began = [self.folder / f"began-{mode}" for mode in self.modes]
        until(lambda: all(each.exists() for each in began), what="the cases run", deadline_s=180)
        self.below = psutil.Process(self.process.pid).children(recursive=True)

    @property
    def pytest(self) -> psutil.Process:
        return psutil.Process(self.process.pid).children()[0]

    def cleared(self) -> list[str]:
        file = self.folder / "cleared"
        return file.read_text().split() if file.exists() else []

    def await_end(self) -> None:
        until(lambda: not psutil.wait_procs(self.below, timeout=0)[1], what="all processes ended", deadline_s=180)
        assert not (self.folder / "begun-later").exists()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        process_tree.kill(self.process, self.below)


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a run in `tmp_path` and waits until its cases run; at the end nothing of it is left."""
    with ExitStack() as stack:

        def started(**options: Any) -> Run:
            run = stack.enter_context(Run(tmp_path, **options))
            run.await_cases()
            return run

        yield started


@pytest.mark.parametrize(
    ("workers", "number"), [(0, signal.SIGINT), (2, signal.SIGINT), (2, signal.SIGTERM), (2, signal.SIGKILL)]
)
def test_a_run_that_ignores_signals_ends_in_order(start: Start, workers: int, number: signal.Signals) -> None:
    run = start(way=IGNORING, workers=workers)
    run.process.send_signal(number)
    run.await_end()
    assert run.cleared() == ["once"] * max(1, workers)
    code = run.process.wait()
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else pytestrun.PytestExit.INTERRUPTED)


def test_pytest_may_be_told_itself(start: Start) -> None:
    run = start(way=IGNORING, workers=2)
    run.pytest.terminate()
    run.await_end()
    assert run.cleared() == ["once"] * 2
    assert run.process.wait() == pytestrun.PytestExit.INTERRUPTED


def test_a_hangup_ends_a_run_in_order(start: Start) -> None:
    run = start(way=HEEDING_HANGUPS, workers=2)
    run.process.send_signal(signal.SIGHUP)
    run.await_end()
    assert run.cleared() == ["once"] * 2


def test_one_request_that_arrives_twice_is_one(start: Start, tmp_path: Path) -> None:
    """A supervisor that signals all processes of a group reaches pytest directly and through the command."""
    # Between the two a busy machine may let more than a second pass.
    (tmp_path / "patient.py").write_text("from gauntlet.ground import ending\nending.SAME_REQUEST_S = 120.0\n")
    run = start(workers=2, arguments=("-p", "patient"))
    for process in (run.pytest, *run.below):
        process.terminate()
    run.process.terminate()
    run.await_end()
    assert run.cleared() == ["once"] * 2


def test_a_second_signal_ends_a_run_at_once(start: Start) -> None:
    run = start(way=IGNORING, workers=2, clearing_s=600)
    run.process.terminate()
    until((run.folder / "clearing").exists, what="clean-up has begun", deadline_s=180)
    time.sleep(ending.SAME_REQUEST_S + 1)  # it counts from when pytest got the first one
    run.process.terminate()
    run.await_end()
    assert run.cleared() == []
    assert run.process.wait() == 128 + signal.SIGTERM


def test_workers_clear_up_when_their_controller_is_killed(start: Start) -> None:
    """For longer than the five seconds after which execnet would interrupt them."""
    run = start(way=IGNORING, workers=2, clearing_s=7)
    run.pytest.kill()
    run.await_end()
    assert run.cleared() == ["once"] * 2


def test_a_run_whose_reader_goes_ends_in_order(start: Start, tmp_path: Path) -> None:
    """`gauntlet run | head -3`."""
    errors = tmp_path / "errors"
    with errors.open("w") as stderr:
        run = start(stderr=stderr)
    assert run.process.stdout is not None
    run.process.stdout.close()
    (tmp_path / "go-on").touch()
    run.await_end()
    assert run.cleared() == ["once"]
    assert run.process.wait() == pytestrun.PytestExit.INTERRUPTED
    assert errors.read_text() == "nobody reads the output any more: the run ends\n"


WRITES = """
import sys, time
from gauntlet.ground import ending, output
ending.obey()
output.outlive_readers()
try:
    while True:
        print("it goes on", flush=True)
        time.sleep(0.05)
except KeyboardInterrupt:
    print("what was seen is judged", flush=True)
    open(sys.argv[1], "w").close()
"""


def test_a_terminal_that_is_closed_ends_in_order_what_writes_to_it(tmp_path: Path) -> None:
    """Whether or not it tells so: here it is not the terminal that controls the process."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(tmp_path / "judged")],
        cwd=project_root(),
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        os.close(theirs)
        assert b"it goes on" in os.read(ours, 100)
        os.close(ours)
        _, errors = process.communicate(timeout=60)
    finally:
        process_tree.kill(process)
    assert (process.returncode, errors) == (0, "nobody reads the output any more: the run ends\n")
    assert (tmp_path / "judged").exists()


def test_clean_up_is_not_broken_off_by_a_first_signal() -> None:
    code = """
import os, signal
from gauntlet.ground import ending

ending.obey()
try:
    with ending.held_back():
        os.kill(os.getpid(), signal.SIGTERM)
        print("cleared", ending.requested())
    print("goes on")
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project_root())
    assert done.stdout == "cleared True\ninterrupted\n"


WAIT_FOR = """
import subprocess
from gauntlet.ground.ending import DIES_WITH_US
subprocess.run([*DIES_WITH_US, "sleep", "600"])
"""
DEBOOTSTRAP = """
from pathlib import Path
from gauntlet.build.images import debian
debian._debootstrap(Path("."), ["none"])
"""


def test_a_program_that_is_waited_for_ends_with_who_waits() -> None:
    waiting = subprocess.Popen([sys.executable, "-c", WAIT_FOR], cwd=project_root())
    below: list[psutil.Process] = []
    try:
        below = until(lambda: process_tree.named("sleep", waiting.pid), what="the program runs", deadline_s=60)
        waiting.kill()
        waiting.wait()
        until(lambda: not psutil.wait_procs(below, timeout=0)[1], what="it ended as well", deadline_s=60)
    finally:
        process_tree.kill(waiting, below)


@pytest.mark.skipif(os.geteuid() != 0, reason="debootstrap needs root")
def test_what_debootstrap_starts_ends_with_who_waits(tmp_path: Path) -> None:
    """It is a script, and what it starts would go on alone for minutes."""
    program = tmp_path / "debootstrap"
    program.write_text("#!/bin/sh\nsleep 600 &\nsleep 600\n")
    program.chmod(0o755)
    waiting = subprocess.Popen(
        [sys.executable, "-c", DEBOOTSTRAP],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(project_root())},
    )
    below: list[psutil.Process] = []
    try:
        below = until(
            lambda: found if len(found := process_tree.named("sleep", waiting.pid)) == 2 else None,
            what="both run",
            deadline_s=60,
        )
        waiting.kill()
        waiting.wait()
        until(lambda: not psutil.wait_procs(below, timeout=0)[1], what="both ended as well", deadline_s=60)
    finally:
        process_tree.kill(waiting, below)


TELLS = """
import sys
from pathlib import Path
from gauntlet.cli import pytestrun
from gauntlet.cli.upgrade_cases import require_undisturbed
from gauntlet.ground import ending

ending.obey()
code = pytestrun.run_pytest(["--version"], Path(sys.argv[1]))
try:
    require_undisturbed(code)
    print("goes on", code)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_that_comes_while_pytest_starts_is_not_lost(tmp_path: Path, number: signal.Signals) -> None:
    """It kills a pytest that does not obey yet, which seemed to have ended by itself."""
    process = subprocess.Popen([sys.executable, "-c", TELLS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        until(lambda: bool(psutil.Process(process.pid).children()), what="pytest starts", deadline_s=60, every_s=0.01)
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    finally:
        process_tree.kill(process)
    assert said.splitlines()[-1] == "interrupted"
