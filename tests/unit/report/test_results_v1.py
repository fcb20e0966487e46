"""A results.json of schema v1 reads like one of today: a real gate of two modes left it, here cut down to two cases."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.report import results_file
from gauntlet.report.comparison import comparison
from gauntlet.report.making import make
from gauntlet.report.results import GateCases
from gauntlet.report.summary import summary

V1 = project_root() / "tests" / "unit" / "report" / "run_v1"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder of a run of v1 that may be written to."""
    shutil.copy(V1 / "results.json", tmp_path)
    return tmp_path


def edited(folder: Path, **changes: object) -> Path:
    raw = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps({**raw, **changes}))
    return folder


def test_each_mode_becomes_a_subject_of_that_name() -> None:
    run = results_file.load(V1)
    assert [(each.name, each.mode, each.version, each.written, each.kernel) for each in run.subjects] == [
        ("iptables", "iptables", "1.37.2", "iptables", "6.18.44"),
        ("nftables", "nftables", "1.37.2", "nftables", "6.18.44"),
    ]
    assert {each.data_plane for each in run.subjects} == {"kube-proxy"}
    assert run.gate == {"iptables": GateCases(ran=33, cases=33), "nftables": GateCases(ran=31, cases=31)}
    assert (run.verdict, run.word) == (Verdict.PASS, "pass")


def test_nothing_of_a_finding_an_account_or_a_skip_is_lost() -> None:
    raw, run = json.loads((V1 / "results.json").read_text()), results_file.load(V1)
    for kind, records in (("findings", run.findings), ("accounts", run.accounts), ("skipped", run.skipped)):
        assert len(raw[kind]) > 1
        read = [record.model_dump(mode="json") for record in records]
        for record in read:
            record["mode"] = record.pop("subject")
            # Of a run of before the register.
            assert record.pop("known_defect", "") == ""
            # Of a run of before findings had spreads.
            assert record.pop("spreads", []) == []
            # Of a run of before cases said how long they took.
            assert record.pop("took_s", None) is None
        assert read == raw[kind]


def test_a_mode_without_a_version_of_its_own_had_the_control_planes(old: Path) -> None:
    run = results_file.load(edited(old, kube_proxy={"nftables": "1.36.3"}, kernels={}))
    assert [(each.version, each.kernel) for each in run.subjects] == [("1.37.2", ""), ("1.36.3", "")]


def test_a_report_is_made_of_it_and_the_file_stays_as_it_was(old: Path) -> None:
    before = (old / "results.json").read_text()
    made = make(old)
    page = made.page.read_text()
    assert "May this cluster take nftables?" in page
    assert "--kp-modes=nftables" in page
    assert "| nftables | ✅ **Yes** |" in made.summary.read_text()
    assert (old / "results.json").read_text() == before


def test_it_compares_as_the_same_run_written_today(old: Path, tmp_path: Path) -> None:
    run = results_file.load(old)
    assert [row.title for row in comparison(run)], "nothing is compared"
    today = tmp_path / "today"
    today.mkdir()
    results_file.write(run, today)
    assert json.loads((today / "results.json").read_text())["schema"] == "kube-proxy-gauntlet/results/v2"
    again = results_file.load(today)
    assert again == run
    assert comparison(again) == comparison(run)
    assert summary(again) == summary(run)


def test_a_field_that_v1_does_not_have_is_named(old: Path) -> None:
    raw = json.loads((old / "results.json").read_text())
    raw["findings"][1]["colour"] = "green"
    with pytest.raises(UsageError, match=r"findings\.1\.colour: Extra inputs"):
        results_file.load(edited(old, findings=raw["findings"]))


def test_a_mode_that_there_is_not_is_named(old: Path) -> None:
    with pytest.raises(UsageError, match=r"modes\.0: Input should be 'iptables', "):
        results_file.load(edited(old, modes=["ebpf"]))
