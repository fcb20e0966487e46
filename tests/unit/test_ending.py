"""A run can always be told to end, whatever the libraries it loads do to the signals."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.waiting import until

WAITS = """
import threading
from gauntlet.ground import ending
ending.obey()
{load}
print(pl.LazyFrame({{"a": [1, 2]}}).group_by("a").len().collect().height, flush=True)
threading.Event().wait()
"""
IN_A_THREAD = (
    "loader = threading.Thread(target=__import__, args=('gauntlet.ground.frames',)); loader.start(); loader.join()\n"
)


@pytest.mark.parametrize("before", ["", IN_A_THREAD], ids=["first thread", "other thread"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_polars_loaded_later_does_not_keep_a_waiting_run_from_ending(number: signal.Signals, before: str) -> None:
    program = WAITS.format(load=f"{before}from gauntlet.ground.frames import pl")
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "2\n"
            # A signal that comes after CPython looked for one, and before it sleeps, wakes nobody.
            until(lambda: _sleeps(run.pid), what="it waits", deadline_s=60.0)
            run.send_signal(number)
            _, errors = run.communicate(timeout=120)
        finally:
            run.kill()
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


def _sleeps(pid: int) -> bool:
    """Whether the main thread waits for something (proc(5), state S)."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "S"
