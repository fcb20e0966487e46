"""results.json: its verdicts, its schema, and what happens where it cannot be written or read."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, ExitCode, UsageError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.paths import project_root
from gauntlet.report import results, results_file, run_folder
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.subject import parse
from tests.unit.report.synthetic import CASE, failing, passing, run

IPTABLES, NFTABLES = ProxyMode.IPTABLES, ProxyMode.NFTABLES
BOTH = passing(CASE, IPTABLES) + passing(CASE, NFTABLES)
SCHEMA_FILE = project_root() / "gauntlet" / "report" / "results.schema.json"


def test_a_run_passes_when_every_case_of_every_subject_does() -> None:
    assert run(BOTH).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], Verdict.INCONCLUSIVE),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.PASS, Verdict.FAIL], Verdict.FAIL),
        ([Verdict.INCONCLUSIVE, Verdict.FAIL], Verdict.FAIL),
        ([Verdict.PASS, Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.MEASURED], Verdict.PASS),
        ([Verdict.MEASURED, Verdict.FAIL], Verdict.FAIL),
        ([Verdict.MEASURED, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.MEASURED, Verdict.MEASURED], Verdict.INCONCLUSIVE),
    ],
)
def test_the_worst_verdict_wins_and_none_at_all_is_inconclusive(verdicts: list[Verdict], whole: Verdict) -> None:
    assert results.worst(verdicts) is whole


def test_a_subject_for_which_no_case_ran_makes_the_run_inconclusive() -> None:
    lonely = run(passing(CASE, IPTABLES))
    assert lonely.verdict_of(IPTABLES) is Verdict.PASS
    assert lonely.verdict_of(NFTABLES) is Verdict.INCONCLUSIVE
    assert lonely.verdict is Verdict.INCONCLUSIVE


def test_a_failure_of_a_subject_that_was_not_asked_for_still_counts() -> None:
    assert run(passing(CASE, IPTABLES) + failing(CASE, NFTABLES), IPTABLES).verdict is Verdict.FAIL


def test_a_run_that_did_not_finish_never_passes() -> None:
    cut = run(BOTH, incomplete="interrupted by Ctrl-C")
    assert cut.verdict is Verdict.INCONCLUSIVE
    assert cut.verdict_of(IPTABLES) is Verdict.INCONCLUSIVE


def test_a_case_without_findings_is_inconclusive_and_says_so() -> None:
    (record,) = results.records(CASE, IPTABLES, [])
    assert record.verdict is Verdict.INCONCLUSIVE
    assert "without recording a finding" in record.reason
    (case,) = run((record,), IPTABLES).cases()
    assert case.verdict is Verdict.INCONCLUSIVE


def test_a_case_that_only_measured_is_inconclusive_and_says_what_it_measured() -> None:
    measured, decided = results.records(CASE, IPTABLES, [Finding("rule-count", Verdict.MEASURED, "so many", 9.0)])
    assert (measured.verdict, decided.verdict) == (Verdict.MEASURED, Verdict.INCONCLUSIVE)
    assert "nothing was promised about what the case measured (rule-count)" in decided.reason


def test_an_infinite_figure_is_left_out() -> None:
    finding = Finding("outage", Verdict.FAIL, "it never ended", math.inf, "s", 15.0, math.nan)
    (record,) = results.records(CASE, IPTABLES, [finding])
    assert (record.figure, record.threshold, record.resolution) == (None, 15.0, None)


def test_findings_are_grouped_by_case_and_subject_in_order() -> None:
    cases = run(BOTH + failing(CASE, NFTABLES)).cases()
    assert [(case.subject, len(case.findings), case.verdict) for case in cases] == [
        (IPTABLES, 1, Verdict.PASS),
        (NFTABLES, 2, Verdict.FAIL),
    ]


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    whole = run(BOTH, skipped=(results.Skip(case="c", subject=IPTABLES, reason="r"),))
    path = results_file.write(whole, tmp_path)
    assert json.loads(path.read_text())["schema"] == "kube-proxy-gauntlet/results/v2"
    assert results_file.load(tmp_path) == whole
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_the_committed_schema_is_the_models() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == results_file.json_schema(), (
        f"write it again: python -m gauntlet.report.results_file > {SCHEMA_FILE}"
    )


def test_a_written_file_fits_the_schema(tmp_path: Path) -> None:
    written = json.loads(results_file.write(run(BOTH + failing(CASE, NFTABLES)), tmp_path).read_text())
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(written, schema, cls=jsonschema.Draft202012Validator)
    written["findings"][0]["verdict"] = "green"
    with pytest.raises(jsonschema.ValidationError, match="green"):
        jsonschema.validate(written, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("text", ["9f86d081", "G" * 64])
def test_what_is_not_a_checksum_is_not_recorded_as_one(text: str) -> None:
    record = SubjectRecord.of(parse("nftables", "1.37")).model_dump()
    with pytest.raises(ValueError, match="sha256"):
        SubjectRecord.model_validate(record | {"sha256": text})


def test_a_new_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first, second = run_folder.new_run(tmp_path / "results"), run_folder.new_run(tmp_path / "results")
    assert first != second
    assert first.is_dir()
    assert first.parent == tmp_path / "results"


def test_a_results_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"(?s)not writable.*remedy: .*--kp-results") as caught:
        run_folder.new_run(tmp_path / "file" / "results")
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere; for the length of a test it becomes nobody."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


@pytest.mark.usefixtures("ordinary_user")
def test_a_read_only_results_folder_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not writable: Permission denied"):
        run_folder.new_run(Path("/usr/results"))


def test_a_full_disk_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    results_file.write(run(BOTH), tmp_path)
    before = (tmp_path / "results.json").read_text()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentUnfit, match=r"(?s)no space is left.*remedy: free some space"):
        results_file.write(run(failing(CASE, IPTABLES)), tmp_path)
    assert (tmp_path / "results.json").read_text() == before, "a failed write must leave the old file whole"
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_latest_points_at_the_last_run(tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        link = run_folder.point_latest(folder)
        assert link.is_symlink()
        assert link.resolve() == folder
    assert (tmp_path / "latest").readlink() == Path("second"), "relative, so that the folder can be moved"


def test_a_latest_that_is_no_link_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    with pytest.raises(UsageError, match="not a symbolic link"):
        run_folder.new_run(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["latest"], "nothing may be done before the error"


def test_a_dangling_latest_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("gone")
    folder = run_folder.new_run(tmp_path)
    assert run_folder.point_latest(folder).resolve() == folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a results file"),
        ('{"schema": "kube-pro', "is not a results file"),
        ("[]", "is not a results file"),
        (
            '{"schema": "kube-proxy-gauntlet/results/v9"}',
            "this gauntlet reads 'kube-proxy-gauntlet/results/v2' and 'kube-proxy-gauntlet/results/v1'",
        ),
        ('{"schema": "kube-proxy-gauntlet/results/v2"}', "tool: Field required"),
        ('{"schema": "kube-proxy-gauntlet/results/v1"}', "tool: Field required"),
    ],
)
def test_a_corrupt_file_is_a_usage_error_with_a_remedy(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        results_file.load(tmp_path)
    assert caught.value.remedy


def test_an_unknown_field_is_named(tmp_path: Path) -> None:
    written = json.loads(results_file.write(run(BOTH), tmp_path).read_text())
    written["findings"][1]["colour"] = "green"
    (tmp_path / "results.json").write_text(json.dumps(written))
    with pytest.raises(UsageError, match=r"findings\.1\.colour: Extra inputs"):
        results_file.load(tmp_path)


def test_bytes_that_are_no_text_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        results_file.load(tmp_path)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no .*results\.json"):
        results_file.load(tmp_path)


def test_the_record_of_a_subject_has_what_was_asked_for_and_what_its_mode_takes(tmp_path: Path) -> None:
    changes = tmp_path / "changes.yaml"
    changes.write_text(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nnftables: {minSyncPeriod: 5s}\n"
    )
    record = SubjectRecord.of(parse(f"next=nftables@1.29+SomeGate=false+{changes}", "1.37"))
    assert (record.name, record.mode, record.version) == ("next", "nftables", "1.29")
    assert record.written == f"next=nftables@1.29+SomeGate=false+{changes}"
    assert record.gates == {"NFTablesProxyMode": True, "SomeGate": False}
    assert record.fields == {"nftables": {"minSyncPeriod": "5s"}}


def test_a_subject_says_its_control_plane_if_that_is_of_another_version() -> None:
    own = SubjectRecord.of(parse("iptables@1.36", "1.37")).model_copy(update={"version": "1.36.3"})
    under = {version: own.model_copy(update={"control_plane": version}) for version in ("1.36.3", "1.37.2")}
    assert under["1.36.3"].description == own.description == "iptables mode of kube-proxy 1.36.3"
    assert under["1.37.2"].description == f"{own.description}, control plane 1.37.2"


@pytest.mark.parametrize(
    ("written", "version", "beneath"),
    [
        ("iptables", "1.37.2", "1.37.2"),
        ("iptables@1.36", "1.36.3", ""),
        ("iptables@1.36.3", "1.36.3", ""),
        ("iptables@1.3", "1.36.3", "1.36.3"),
        ("nftables@1.36+SomeGate", "1.36.3", ""),
        ("nftables+SomeGate", "1.37.2", "1.37.2"),
        ("next=nftables@1.36", "1.36.3", "nftables 1.36.3"),
        ("next@1.36=nftables@1.36", "1.36.3", "nftables"),
    ],
)
def test_what_the_name_does_not_say_goes_beneath_it(written: str, version: str, beneath: str) -> None:
    name, _, rest = written.rpartition("=")
    mode = "nftables" if "nftables" in rest else "iptables"
    record = SubjectRecord(name=name or rest, mode=ProxyMode(mode), version=version, written=written)
    assert record.beneath == beneath
