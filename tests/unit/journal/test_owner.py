"""Whether the process that something belongs to still runs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from gauntlet.ground.journal.owner import UNKNOWN, Owner, parent, start_time
from gauntlet.ground.waiting import until
from gauntlet.providers.sandbox.layout import first_child
from tests.unit.journal.process import running


def test_this_process_lives_and_is_named() -> None:
    me = Owner.me()
    assert me.lives
    assert me.is_me
    assert me.started_me
    assert f"process {os.getpid()} (" in str(me)
    assert Path(sys.executable).name in str(me)


def test_the_same_id_of_a_later_process_or_of_another_boot_is_another_process() -> None:
    me = Owner.me()
    assert not replace(me, started="1").lives
    assert not replace(me, boot="00000000-0000-0000-0000-000000000000").lives
    assert not UNKNOWN.lives


def test_a_zombie_has_ended() -> None:
    process = subprocess.Popen(["true"])
    until(lambda: start_time(process.pid) is None, what="true has ended", deadline_s=10)
    process.wait()


def test_a_process_is_started_by_those_it_descends_from_alone() -> None:
    me = Owner.me()
    with running("import sys") as other:
        child = replace(me, pid=other.pid, started=start_time(other.pid) or "")
        assert child.lives
        assert not child.is_me
        assert not child.started_me
    above = replace(me, pid=os.getppid(), started=start_time(os.getppid()) or "")
    assert above.started_me
    assert not above.is_me


# The kernel keeps 15 bytes of the name of a program: of the last letter the first half, if need be.
HALF_A_LETTER = """
import sys
from pathlib import Path
Path("/proc/self/comm").write_bytes(b"14 letters and\\xc3")
"""


def test_a_program_may_have_any_name() -> None:
    with running(HALF_A_LETTER) as other:
        assert Path(f"/proc/{other.pid}/comm").read_bytes() == b"14 letters and\xc3\n"
        assert start_time(other.pid)
        assert parent(other.pid) == os.getpid()
        # Whoever looks for children reads of all processes.
        assert first_child(other.pid) is None
