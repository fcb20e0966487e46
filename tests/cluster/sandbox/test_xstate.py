"""The library for processors with AMX: when it is needed, and what happens without it or without a compiler."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.doctor import machine as doctor
from gauntlet.doctor.check import State
from gauntlet.ground.errors import GauntletError
from gauntlet.providers.sandbox import fitness, uml, world, xstate


@pytest.mark.parametrize(
    ("needed", "flags"), [(True, "fpu avx512f amx_bf16 amx_tile"), (False, "fpu avx512f"), (False, "fpu amx_tiles")]
)
def test_needed_where_the_processor_has_tiles(tmp_path: Path, flags: str, *, needed: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: amx_tile\n")
    assert xstate.is_needed(cpuinfo) is needed


def test_a_guest_boots_here() -> None:
    assert fitness.guest_fails() is None
    assert doctor.guests().state is State.OK


def test_a_guest_boots_with_it_where_it_would_not_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xstate, "is_needed", lambda: True)
    assert fitness.guest_fails() is None


@pytest.mark.skipif(not xstate.is_needed(), reason="this processor has no AMX: guests boot without the library")
def test_without_it_the_doctor_says_what_the_guest_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xstate, "is_needed", lambda: False)
    check = doctor.guests()
    assert check.state is State.NOTE
    assert "ptrace set fp regs failed, errno = 14" in check.detail
    assert "iptables and nftables" in check.remedy


def test_a_compiler_is_asked_for_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in (True, False):
        monkeypatch.setattr(xstate, "is_needed", lambda found=needed: found)
        assert (uml.tools().get("gcc") == "gcc") is needed


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(xstate, "_COMMAND", ("sh", "-c", "echo no assembler >&2; exit 1"))
    with pytest.raises(GauntletError, match=r"(?s)need on a processor with AMX: no assembler.*apt-get install"):
        xstate.ensure()
    assert not list(tmp_path.rglob("*.so"))


def test_missing_programs_are_a_note_of_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.TOOLS, "no-such-program", "no-such-package")
    check = doctor.guests()
    assert check.state is State.NOTE
    assert "no-such-package" in check.remedy
