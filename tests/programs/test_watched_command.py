"""The command of a watch: real programs, their exit codes, their output, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.waiting import until
from gauntlet.upgrade.watch.command import OUTPUT, Command, require

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))


def ended(command: Command) -> int:
    until(lambda: command.code is not None, what="the command ended", deadline_s=20)
    assert command.code is not None
    return command.code


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_it_has_the_exit_code_that_a_shell_would_say(tmp_path: Path, script: str, code: int) -> None:
    assert ended(Command(["sh", "-c", script], tmp_path)) == code


def test_its_output_comes_in_whole_lines_and_stays_in_a_file(tmp_path: Path) -> None:
    command = Command(["sh", "-c", "echo one; echo two >&2; printf end"], tmp_path)
    ended(command)
    assert command.lines() == ["one", "two", "end"]
    assert command.lines() == []
    assert (tmp_path / OUTPUT).read_text() == "one\ntwo\nend"


def test_what_it_has_begun_to_say_waits_for_its_line(tmp_path: Path) -> None:
    command = Command(
        ["sh", "-c", f"printf half; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo ' a line'"], tmp_path
    )
    until(lambda: (tmp_path / OUTPUT).read_text() == "half", what="it began to speak", deadline_s=20)
    assert command.lines() == []
    (tmp_path / "go").touch()
    ended(command)
    assert command.lines() == ["half a line"]


def test_it_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    command = Command(["sh", "-c", f"sleep 600 & echo $! >{tmp_path}/child; echo ready; wait"], tmp_path)
    until(lambda: "ready" in (tmp_path / OUTPUT).read_text(), what="it has started another", deadline_s=20)
    child = int((tmp_path / "child").read_text())
    command.end()
    assert command.code == 128 + signal.SIGINT
    until(lambda: not _lives(child), what="what it had started ended too", deadline_s=20)


def test_one_that_heeds_no_gentle_signal_is_ended_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gauntlet.upgrade.watch.command._GRACE_S", 0.3)
    command = Command(["sh", "-c", "trap '' INT TERM; echo ready; while :; do sleep 0.1; done"], tmp_path)
    until(lambda: "ready" in (tmp_path / OUTPUT).read_text(), what="it ignores signals", deadline_s=20)
    command.end()
    assert command.code == 128 + signal.SIGKILL


TOLD_TWICE = """
import os, signal, sys, threading
from pathlib import Path
from gauntlet.ground import ending
from gauntlet.ground.waiting import until
from gauntlet.upgrade.watch.command import OUTPUT, Command

ending.obey()
ending.SAME_REQUEST_S = 0.0
folder = Path(sys.argv[1])
command = Command(["sh", "-c", "trap '' INT TERM; echo $$; while :; do sleep 0.1; done"], folder)
until(lambda: (folder / OUTPUT).read_text(), what="it ignores signals", deadline_s=20)
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    command.end()
"""


def test_that_it_goes_on_is_said_if_nobody_waits_for_its_end(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOLD_TWICE, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    command = int((tmp_path / OUTPUT).read_text())
    os.killpg(command, signal.SIGKILL)
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.endswith(f"the command goes on, or is about to end: kill -- -{command}\n")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user that may not end root's processes")
def test_that_one_of_another_user_could_not_be_ended_is_said(tmp_path: Path) -> None:
    command = Command(["sleep", "600"], tmp_path)
    try:
        os.setresuid(65534, 65534, 0)
        left = command.end()
    finally:
        os.setresuid(0, 0, 0)
        ended_later = command.end()
    assert left.startswith(", but what runs as another user goes on: ps -s ")
    assert (ended_later, command.code) == ("", 128 + signal.SIGINT)


def test_a_program_that_is_not_there_is_wrong_usage() -> None:
    require([])
    require(["sh"])
    with pytest.raises(UsageError, match="no command 'kubectll'"):
        require(["kubectll", "rollout"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--for=10s", "--", "true"], "--for is for a watch without a command"),
        (["--timeout=10s"], "--timeout is for a command"),
        (["--for=soon"], "is not a length of time"),
        (["--", "kubectll"], "there is no command 'kubectll'"),
        (["--kubeconfig=/nowhere", "--", "true"], "does not exist"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_made(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [GAUNTLET, "watch", f"--results={tmp_path / 'results'}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "KUBECONFIG": "/nowhere", "XDG_STATE_HOME": str(tmp_path / "state")},
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert not (tmp_path / "results").exists()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
