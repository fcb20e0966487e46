"""A signal to a kube-proxy that may go at any moment."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauntlet.proxy.process import ProxyProcess

GOES_MEANWHILE = "kill() { command kill -KILL $2; while [ -e /proc/$2 ]; do sleep 0.01; done; return 1; }"
CANNOT_BE_TOLD = "kill() { return 1; }"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "1000"])
    reaper = threading.Thread(target=process.wait)
    reaper.start()
    yield process
    process.kill()
    reaper.join()


def found(process: subprocess.Popen[bytes]) -> ProxyProcess:
    stat = Path(f"/proc/{process.pid}/stat").read_text()
    return ProxyProcess(process.pid, stat.rpartition(")")[2].split()[19])


@pytest.mark.parametrize(("kill", "code"), [("true", 0), (GOES_MEANWHILE, 0), (CANNOT_BE_TOLD, 1)])
def test_a_signal_reaches_it_or_it_is_gone(sleeper: subprocess.Popen[bytes], kill: str, code: int) -> None:
    script = f"{kill}\n{found(sleeper).send('CONT')}"
    assert subprocess.run(["sh", "-c", script], check=False).returncode == code


def test_another_process_of_the_same_number_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    another = ProxyProcess(sleeper.pid, "1")
    assert subprocess.run(["sh", "-c", another.send("KILL")], check=False).returncode == 0
    assert sleeper.poll() is None
