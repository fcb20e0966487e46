"""The warden: commands end with whoever asked for them, and otherwise are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.waiting import until
from gauntlet.kube import warden

LONG_S = "3600"


def start(*argv: str, most_s: str = "60") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", warden.__file__, most_s, "WORD=given", "--", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def frame(kind: int, payload: bytes = b"") -> bytes:
    return warden.HEADER.pack(kind, len(payload)) + payload


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_streams_environment_and_exit_code() -> None:
    child = start("sh", "-c", 'cat; echo "$WORD" >&2; exit 7')
    assert child.stdin is not None
    child.stdin.write(
        frame(warden.DATA, b"one ") + frame(warden.ALIVE) + frame(warden.DATA, b"two") + frame(warden.END)
    )
    child.stdin.flush()
    # The line stays open: that is no reason to wait.
    assert child.wait(10) == 7
    assert child.stdout is not None
    assert child.stdout.read() == b"one two"
    assert child.stderr is not None
    assert child.stderr.read() == b"given\n"


def test_much_input_is_not_lost() -> None:
    child = start("sh", "-c", "sleep 0.3; wc -c")
    text = b"x" * 1_000_000
    assert child.stdin is not None
    for at in range(0, len(text), 32768):
        child.stdin.write(frame(warden.DATA, text[at : at + 32768]))
    child.stdin.write(frame(warden.END))
    child.stdin.flush()
    assert child.wait(10) == 0
    assert child.stdout is not None
    assert int(child.stdout.read()) == len(text)


@pytest.mark.parametrize("said", [b"", frame(warden.END), frame(warden.DATA, b"x")])
def test_command_and_its_children_end_when_the_line_is_cut(said: bytes) -> None:
    child = start("sh", "-c", f"sleep {LONG_S} & echo $!; exec sleep {LONG_S}")
    assert child.stdin is not None
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    child.stdin.write(said)
    child.stdin.close()
    assert child.wait(10) == 128 + signal.SIGKILL
    until(lambda: not alive(grandchild), what="the command's child has ended", deadline_s=5)


def test_what_begins_a_session_of_its_own_lives_on() -> None:
    child = start("sh", "-c", f"setsid -f sh -c 'echo $$; exec sleep {LONG_S}' </dev/null 2>&1 | cat & sleep {LONG_S}")
    assert child.stdin is not None
    assert child.stdout is not None
    survivor = int(child.stdout.readline())
    try:
        child.stdin.close()
        child.wait(10)
        assert alive(survivor)
    finally:
        os.kill(survivor, signal.SIGKILL)


def test_time_is_up() -> None:
    assert start("sleep", LONG_S, most_s="0.3").wait(10) == 128 + signal.SIGKILL


def test_silence_is_the_end(tmp_path: Path) -> None:
    """With the seconds of silence cut down to less than one."""
    text = Path(warden.__file__).read_text().replace(f"SILENT_S = {warden.SILENT_S}", "SILENT_S = 0.4")
    hasty = tmp_path / "warden.py"
    hasty.write_text(text)
    argv = [sys.executable, "-I", "-S", str(hasty), "60", "--", "sleep", LONG_S]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as child:
        assert child.wait(10) == 128 + signal.SIGKILL


def test_no_such_command() -> None:
    assert start("no-such-command").wait(10) == 127
