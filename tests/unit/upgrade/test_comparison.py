"""Two runs side by side: which subjects, what is said of them, and the exit code of `gauntlet compare`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauntlet.cli.main import main
from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Verdict
from gauntlet.report.results import FindingRecord, Results
from gauntlet.report.results_file import write
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.subject import parse
from gauntlet.upgrade.compare import Side
from gauntlet.upgrade.pairs import pairs

CASE = "suites/conformance/test_node_port.py::test_answers"


def run(verdict: Verdict, *subjects: str, case: str = CASE) -> Results:
    """A run of one case, which came to this verdict for each of these subjects."""
    return Results(
        tool="gauntlet 0.1.0",
        kubernetes="1.37.2",
        command="gauntlet run",
        seed=1,
        started=datetime(2026, 11, 29, tzinfo=UTC),
        finished=datetime(2026, 11, 29, tzinfo=UTC),
        subjects=tuple(
            SubjectRecord(name=name, data_plane="kube-proxy", mode=subject.mode, version="1.37.2", written=name)
            for name, subject in ((name, parse(name, "1.37")) for name in subjects)
        ),
        findings=tuple(
            FindingRecord(case=case, subject=name, check="outage", verdict=verdict, reason="1 outage")
            for name in subjects
        ),
        reproduce="gauntlet run",
    )


PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def test_subjects_of_the_same_name_are_compared() -> None:
    before, after = run(PASS, "iptables", "nftables"), run(PASS, "nftables", "ipvs")
    assert pairs(before, after) == (("nftables", "nftables"),)
    assert pairs(before, after, "iptables,ipvs") == (("iptables", "ipvs"),)


def test_the_only_ones_are_compared_whatever_their_names() -> None:
    assert pairs(run(PASS, "iptables@1.36"), run(PASS, "nftables")) == (("iptables@1.36", "nftables"),)


@pytest.mark.parametrize("chosen", [None, "iptables", "iptables,iptables", "x,nftables", ","])
def test_what_is_not_plain_is_refused_with_the_names(chosen: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        pairs(run(PASS, "iptables", "ipvs"), run(PASS, "nftables"), chosen)
    assert "--subjects BEFORE,AFTER" in caught.value.remedy


def test_one_name_is_not_enough_and_a_blank_after_the_comma_is_fine() -> None:
    before, after = run(PASS, "iptables", "ipvs"), run(PASS, "nftables")
    with pytest.raises(UsageError, match="names one subject, 'ipvs', and two are compared"):
        pairs(before, after, "ipvs")
    assert pairs(before, after, "ipvs, nftables") == (("ipvs", "nftables"),)


def test_how_many_clusters_shared_the_cases_is_nothing_unless_a_further_one_failed() -> None:
    further = "suites/audit/test_audit.py::test_rules[cluster-2]"
    assert not Side.of(run(PASS, "nftables", case=further), "nftables").cases
    assert Side.of(run(FAIL, "nftables", case=further), "nftables").cases
    assert Side.of(run(PASS, "nftables"), "nftables").cases


def compare(tmp_path: Path, before: Results, after: Results, *options: str) -> Result:
    folders = [tmp_path / "before", tmp_path / "after"]
    for folder, results in zip(folders, (before, after), strict=True):
        folder.mkdir()
        write(results, folder)
    return CliRunner().invoke(main, ["compare", *map(str, folders), *options])


@pytest.mark.parametrize(
    ("was", "now", "code", "words"),
    [
        (PASS, PASS, 0, "nftables -> nftables: nothing got worse\n"),
        (FAIL, PASS, 0, f"nothing got worse\n  better: {CASE}: fail, then pass"),
        (FAIL, FAIL, 0, "nothing got worse"),
        (PASS, FAIL, 1, f"something got worse\n  worse: {CASE}: pass, then fail: outage: 1 outage"),
        (PASS, OPEN, 1, f"cannot tell whether something got worse\n  unclear: {CASE}: pass, then inconclusive"),
    ],
)
def test_its_words_and_its_exit_code(tmp_path: Path, was: Verdict, now: Verdict, code: int, words: str) -> None:
    said = compare(tmp_path, run(was, "nftables"), run(now, "nftables"))
    assert words in said.output
    assert said.exit_code == code


def test_the_worst_pair_counts(tmp_path: Path) -> None:
    after = run(PASS, "iptables", "nftables")
    worse = after.findings[0].model_copy(update={"verdict": FAIL})
    after = after.model_copy(update={"findings": (worse, after.findings[1])})
    said = compare(tmp_path, run(PASS, "iptables", "nftables"), after)
    assert "iptables -> iptables: something got worse" in said.output
    assert "nftables -> nftables: nothing got worse" in said.output
    assert said.exit_code == 1


def test_a_subject_that_is_missing_afterwards_cannot_be_told(tmp_path: Path) -> None:
    said = compare(tmp_path, run(PASS, "iptables", "nftables"), run(PASS, "nftables"))
    assert "nftables -> nftables: nothing got worse" in said.output
    assert "iptables: cannot tell whether something got worse: the second run does not have it" in said.output
    assert said.exit_code == 1
    folders = [str(tmp_path / each) for each in ("before", "after")]
    assert CliRunner().invoke(main, ["compare", *folders, "--subjects=nftables,nftables"]).exit_code == 0
    # One that is new has nothing to be held against.
    assert CliRunner().invoke(main, ["compare", *reversed(folders)]).exit_code == 0


def test_without_a_case_of_both_nothing_is_known(tmp_path: Path) -> None:
    said = compare(tmp_path, run(PASS, "nftables"), run(PASS, "nftables", case="suites/other.py::test_it"))
    assert "cannot tell" in said.output
    assert "0 cases ran both times" in said.output
    assert said.exit_code == 1


def test_what_is_accepted_is_said_and_not_for_longer_than_it_lasts(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    accepted = f"accepted:\n  - {{check: case, case: '{CASE}', reason: known, until: '2999-01-01'}}\n"
    (ours / "accepted.yaml").write_text(accepted)
    said = compare(tmp_path, run(PASS, "nftables"), run(FAIL, "nftables"), f"--slos={ours}")
    assert "nothing got worse (1 accepted)\n  accepted until 2999-01-01 (known): " in said.output
    assert said.exit_code == 0
    (ours / "accepted.yaml").write_text(accepted.replace("2999", "2001"))
    said = CliRunner().invoke(main, ["compare", f"{tmp_path}/before", f"{tmp_path}/after", f"--slos={ours}"])
    assert "something got worse" in said.output
    # Its last day is one on which it was accepted.
    assert f"accepted until 2001-01-01, and no longer: case, case {CASE} (known)" in said.output
    assert said.exit_code == 1


def test_an_acceptance_of_another_subject_is_not_called_idle(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "accepted.yaml").write_text(
        "accepted:\n"
        "  - {check: case, subject: nftables, reason: known, until: '2999-01-01'}\n"
        "  - {check: case, subject: nftabels, reason: misspelt, until: '2999-01-01'}\n"
    )
    both = ("iptables", "nftables")
    after = run(FAIL, *both)
    sound = after.findings[0].model_copy(update={"verdict": PASS})
    after = after.model_copy(update={"findings": (sound, after.findings[1])})
    said = compare(tmp_path, run(PASS, *both), after, f"--slos={ours}")
    assert "nftables -> nftables: nothing got worse (1 accepted)" in said.output
    assert "nothing like it failed: case, subject nftables " not in said.output
    assert "nothing like it failed: case, subject nftabels (misspelt)" in said.output


def test_what_is_not_alike_in_the_two_runs_is_noted(tmp_path: Path) -> None:
    before, after = run(PASS, "nftables"), run(PASS, "nftables")
    older = before.subjects[0].model_copy(update={"version": "1.36.3", "kernel": "6.1.0"})
    newer = after.subjects[0].model_copy(update={"kernel": "6.18.0"})
    before = before.model_copy(
        update={
            "subjects": (older,),
            "provider": "sandbox",
            "incomplete": "interrupted: 146 of 568 cases had not begun",
        }
    )
    hurt = {PROXY_PATH: "/opt/saboteurs"}
    after = after.model_copy(update={"subjects": (newer,), "provider": "kind", "environment": hurt})
    said = compare(tmp_path, before, after)
    assert said.output.splitlines() == [
        "nftables -> nftables: nothing got worse",
        "  note: the first run is not whole: interrupted: 146 of 568 cases had not begun",
        "  note: in the second run programs of /opt/saboteurs stood before those that kube-proxy calls",
        "  note: provider: sandbox, then kind",
        "  note: kernel of the nodes: 6.1.0, then 6.18.0",
        "  note: kube-proxy: 1.36.3, then 1.37.2",
    ]


def test_a_folder_that_is_not_of_a_run_is_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["compare", str(tmp_path), str(tmp_path)])
    assert said.exit_code == 2
    assert "there is no" in said.output
