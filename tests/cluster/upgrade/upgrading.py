"""Runs of `gauntlet upgrade` on real clusters, and kube-proxies that are not what they should be."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import EventKind
from gauntlet.ground.waiting import until
from gauntlet.report.results import FindingRecord, Results
from gauntlet.report.results_file import load
from tests import process_tree

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))
WITHIN_S = 400
# On a busy machine attempts are more than a tenth of a second apart, which is inconclusive: not what is tested here.
RESOLUTION_S = 1.0


@dataclass(frozen=True)
class Upgraded:
    """What a run of the command said and left."""

    code: int
    output: str
    results: Results
    folder: Path

    def finding(self, phase: str, check: str) -> FindingRecord:
        (found,) = (each for each in self.results.findings if (each.case, each.check) == (f"upgrade::{phase}", check))
        return found

    @property
    def failed(self) -> set[tuple[str, str]]:
        """Phases and checks that failed."""
        return {
            (each.case.removeprefix("upgrade::"), each.check)
            for each in self.results.findings
            if each.verdict is Verdict.FAIL
        }

    @property
    def phases(self) -> list[str]:
        """The phases that began."""
        assert self.results.upgrade is not None
        return [phase.name for phase in self.results.upgrade.phases]


def upgrade(tmp_path: Path, *arguments: str, nodes: int = 2, cases: str = "") -> Upgraded:
    """Run the command to its end. `cases` chooses its cases as pytest's -k does; there are none if it is empty."""
    done = subprocess.run(
        _command(tmp_path, *arguments, nodes=nodes, cases=cases),
        env={**os.environ, **_chosen_by(cases)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return _upgraded(tmp_path, done.returncode, done.stdout + done.stderr)


@dataclass(frozen=True)
class Upgrading:
    """A run of the command that goes on. `below` are its processes and those of its cluster."""

    process: subprocess.Popen[bytes]
    folder: Path
    printed: Path

    def await_event(self, kind: EventKind, subject: str = "", *, deadline_s: float = 180.0) -> None:
        """Wait until this event is written."""

        def is_there() -> bool:
            assert self.process.poll() is None, self.printed.read_text()
            return any(each["kind"] == kind and subject in (each["subject"], "") for each in self.events())

        until(is_there, what=f"{kind} of {subject or 'anything'}", deadline_s=deadline_s, every_s=0.1)

    def events(self) -> list[Mapping[str, str]]:
        return events_below(self.folder)

    @property
    def below(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, name: str) -> list[psutil.Process]:
        """Those of them that have this name."""
        return process_tree.named(name, self.process.pid)

    def await_gone(self, below: list[psutil.Process]) -> None:
        """Nothing is left: no process of the run or its world, and no state of a cluster."""
        until(lambda: not psutil.wait_procs(below, timeout=0)[1], what="all processes ended", deadline_s=60)
        assert list((self.folder / "state").rglob("clusters/*")) == []

    def ended(self) -> Upgraded:
        """Wait for its end."""
        code = self.process.wait(WITHIN_S)
        return _upgraded(self.folder, code, self.printed.read_text())


def events_below(folder: Path) -> list[Mapping[str, str]]:
    """Those that a run with its results below this folder has written so far."""
    return [json.loads(line) for file in folder.rglob("events.jsonl") for line in file.read_text().splitlines()]


@contextmanager
def upgrading(tmp_path: Path, *arguments: str, nodes: int = 2, cases: str = "") -> Iterator[Upgrading]:
    """Run the command, with cases as `upgrade` has it. Whatever happens in the context, nothing of it is left."""
    printed = tmp_path / "printed"
    with printed.open("wb") as output:
        process = subprocess.Popen(
            _command(tmp_path, *arguments, nodes=nodes, cases=cases),
            env={**os.environ, **_chosen_by(cases), "XDG_STATE_HOME": str(tmp_path / "state")},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Upgrading(process, tmp_path, printed)
    finally:
        process_tree.kill(process)


def chosen(tmp_path: Path) -> list[str]:
    """Arguments of a run: promises that can be held on a busy machine, and its results below this folder."""
    slos = tmp_path / "slos"
    slos.mkdir()
    (slos / "upgrade.yaml").write_text(f"roll: {{resolution_s: {RESOLUTION_S}}}\n")
    return [f"--slos={slos}", f"--results={tmp_path / 'results'}"]


def results_folder(tmp_path: Path) -> Path:
    """Where the one run that was given these arguments has left its results."""
    (folder,) = (each for each in (tmp_path / "results").iterdir() if not each.is_symlink())
    return folder


def _command(tmp_path: Path, *arguments: str, nodes: int, cases: str) -> list[str]:
    none = () if cases else ("--no-cases",)
    return [GAUNTLET, "upgrade", *arguments, *none, f"--nodes={nodes}", *chosen(tmp_path)]


def _chosen_by(cases: str) -> dict[str, str]:
    """The environment in which every pytest runs these cases alone of those that it is told to run."""
    return {"PYTEST_ADDOPTS": shlex.join(["-k", cases])} if cases else {}


def _upgraded(tmp_path: Path, code: int, output: str) -> Upgraded:
    assert (tmp_path / "results").exists(), output
    folder = results_folder(tmp_path)
    return Upgraded(code, output, load(folder), folder)


def program(folder: Path, script: str, name: str = "kube-proxy") -> Path:
    """A program that is this shell script."""
    written = folder / "program" / name
    written.parent.mkdir(exist_ok=True)
    written.write_text(f"#!/bin/sh\n{script}")
    written.chmod(written.stat().st_mode | stat.S_IXUSR)
    return written
