"""The journal: what survives crashes and company, and healing from it. Undo commands run for real, on this host."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from gauntlet.faults import heal as healing
from gauntlet.faults.heal import HealFailed, heal
from gauntlet.ground.cluster import Cluster, CommandFailed, Completed
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.journal.lock import ClusterInUse
from gauntlet.ground.journal.store import Journal, Record, State, journal_of
from tests.unit.journal.process import running


class LocalNode:
    """A node that is this host."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
        completed = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
        if check and completed.code:
            raise CommandFailed(self.name, completed)
        return completed


class LocalCluster:
    """A cluster of one node, whose journal lies in a test's own folder."""

    name = "local"

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.nodes = (LocalNode("node-1"),)


@pytest.fixture
def local(tmp_path: Path) -> Cluster:
    return cast("Cluster", LocalCluster(tmp_path))


def record(fault_id: str, state: str = State.INTENDED, node: str | None = "node-1", undo: str = "true") -> Record:
    return Record(fault_id, "a-fault", node, state, undo=(("sh", "-c", undo),), check=("echo", "gone"))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal.jsonl")
    written = kept.write(record("x-1", undo='echo "quotes, ünïcode\nand lines"'))
    assert kept.read() == (written,)
    assert written.at_ns > 0


def test_no_file_is_an_empty_journal(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").open() == ()


def test_a_torn_last_line_is_ignored_and_cut_off_by_the_next_write(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal.jsonl")
    kept.write(record("x-1"))
    with kept.path.open("a") as file:
        file.write('{"fault_id": "x-2", "fau')
    assert [each.fault_id for each in kept.read()] == ["x-1"]
    kept.write(record("x-3"))
    assert [each.fault_id for each in kept.read()] == ["x-1", "x-3"]


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal.jsonl")
    kept.write(record("x-1"))
    with kept.path.open("a") as file:
        file.write("not json\n")
    with pytest.raises(GauntletError, match=r"journal\.jsonl, line 2"):
        kept.read()


def test_an_unknown_state_counts_as_not_healed(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal.jsonl")
    kept.write(record("x-1", State.CONFIRMED))
    kept.write(record("x-2", "half-baked"))
    assert [each.fault_id for each in kept.open()] == ["x-2"]


def test_open_faults_come_newest_first_whatever_was_written_last(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal.jsonl")
    for fault_id in ("x-1", "x-2", "x-3"):
        kept.write(record(fault_id))
    kept.write(record("x-1", State.INJECTED))
    kept.write(record("x-2", State.CONFIRMED))
    assert [each.fault_id for each in kept.open()] == ["x-3", "x-1"]


def test_an_unwritable_journal_is_an_error_before_anything_is_hurt(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GauntletError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal.jsonl").write(record("x-1"))


def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(GauntletError, match="cannot be written"):
        Journal(Path("/dev/full")).write(record("x-1"))


def write_many(path: Path, writer: int) -> None:
    for number in range(20):
        Journal(path).write(record(f"x-{writer}-{number}", undo="x" * 3000))


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(path, writer)) for writer in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len({each.fault_id for each in Journal(path).read()}) == 60


def test_heal_undoes_newest_first_and_confirms(local: Cluster, tmp_path: Path) -> None:
    kept = journal_of(local)
    for number in (1, 2, 3):
        kept.write(record(f"x-{number}", State.INJECTED, undo=f"echo {number} >> {tmp_path}/undone"))
    kept.write(record("x-2", State.CONFIRMED))
    healed = heal(local)
    assert [(each.fault_id, each.evidence) for each in healed] == [("x-3", "gone"), ("x-1", "gone")]
    assert (tmp_path / "undone").read_text().split() == ["3", "1"]
    assert kept.open() == ()
    assert heal(local) == ()


WRITE = """
import sys
from pathlib import Path
from gauntlet.ground.journal.lock import ClusterInUse
from gauntlet.ground.journal.store import Journal, Record
undo = (("touch", sys.argv[2]),)
Journal(Path(sys.argv[1])).write(Record("x-1", "a-fault", "node-1", "injected", undo=undo, check=("echo", "gone")))
"""


def test_the_fault_of_a_run_that_goes_on_is_left_alone(local: Cluster, tmp_path: Path) -> None:
    kept, undone = journal_of(local), tmp_path / "undone"
    with running(WRITE, str(kept.path), str(undone)) as other:
        (left,) = kept.open()
        assert left.is_anothers
        with pytest.raises(ClusterInUse, match=f"cluster local is in use by process {other.pid}"):
            heal(local)
        assert not undone.exists()
        assert kept.open() == (left,)
    assert not left.is_anothers
    (healed,) = heal(local)
    assert healed.fault_id == "x-1"
    assert undone.exists()


def test_a_line_of_an_earlier_version_has_no_owner_and_can_be_healed(local: Cluster) -> None:
    kept = journal_of(local)
    kept.write(record("x-1"))
    fields = json.loads(kept.path.read_text())
    del fields["owner"]
    kept.path.write_text(json.dumps(fields) + "\n")
    assert [each.owner for each in kept.open()] == [None]
    assert [each.fault_id for each in heal(local)] == ["x-1"]


def test_heal_of_a_fault_that_was_only_intended(local: Cluster, tmp_path: Path) -> None:
    journal_of(local).write(record("x-1", undo=f"touch {tmp_path}/undone"))
    heal(local)
    assert (tmp_path / "undone").exists()


def test_a_node_that_is_gone_counts_as_healed(local: Cluster) -> None:
    journal_of(local).write(record("x-1", State.INJECTED, node="node-9"))
    (healed,) = heal(local)
    assert healed.evidence == "node node-9 is gone"


def test_one_fault_that_cannot_be_healed_does_not_keep_the_others(local: Cluster, tmp_path: Path) -> None:
    kept = journal_of(local)
    kept.write(record("x-1", State.INJECTED, undo=f"touch {tmp_path}/undone"))
    kept.write(record("x-2", State.INJECTED, undo="echo no way >&2; exit 3"))
    with pytest.raises(HealFailed, match=r"x-2 on node-1.*no way") as failed:
        heal(local)
    assert "gauntlet heal" in failed.value.remedy
    assert (tmp_path / "undone").exists()
    assert [each.fault_id for each in kept.open()] == ["x-2"]


def test_a_check_that_never_passes_is_not_called_healed(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healing, "CONFIRM_DEADLINE_S", 0.3)
    journal_of(local).write(Record("x-1", "a-fault", "node-1", State.INJECTED, undo=(("true",),), check=("false",)))
    with pytest.raises(HealFailed, match="x-1 on node-1 is gone: not within"):
        heal(local)
    assert [each.state for each in journal_of(local).open()] == [State.HEALED]


def test_the_file_is_plain_data(tmp_path: Path) -> None:
    kept = Journal(tmp_path / "journal.jsonl")
    kept.write(record("x-1", undo="kill -CONT 7"))
    line = json.loads(kept.path.read_text())
    assert (line["state"], line["node"], line["undo"]) == ("intended", "node-1", [["sh", "-c", "kill -CONT 7"]])
