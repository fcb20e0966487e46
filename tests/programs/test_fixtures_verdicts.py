"""From a test function to results.json and the exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from tests.programs.suite_folder import SuiteFolder

EVERY_ENDING = '''
@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("could not clear up")

def test_passes(judge):
    judge(GOOD, [GOOD])

def test_fails(judge):
    """The sun shines."""
    judge(GOOD, Finding("bad", Verdict.FAIL, "it does not work", 0.25, "share", 1.0))

def test_breaks_an_slo(judge, slos):
    """Nobody notices."""
    bad = Finding("outage", Verdict.FAIL, "somebody noticed", 3.0, "s", 0.0)
    judge(bad, terms=slos.terms("kill-proxy"))

def test_lacks_something(judge):
    raise Inconclusive("no Docker", "start the Docker daemon")

def test_knows_nothing(judge):
    judge(Finding("blind", Verdict.INCONCLUSIVE, "no data"))

def test_finds_nothing(judge):
    pass

def test_measures(judge):
    judge(GOOD, Finding("count", Verdict.MEASURED, "so many", 5.0, "rules"))

def test_only_measures(judge):
    judge(Finding("count", Verdict.MEASURED, "so many", 5.0, "rules"))

def test_never_judges(cluster):
    pass

def test_asserts(judge):
    judge(GOOD)
    assert 1 == 2

def test_raises(judge):
    judge(GOOD)
    raise OSError("the cluster is gone")

def test_cannot_clear_up(broken_teardown, judge):
    judge(GOOD)

def test_needs_iptables(judge):
    experiment = "flush-nat"
    judge(GOOD)

def test_skips_by_itself(judge):
    pytest.skip("do not feel like it")
'''


@pytest.fixture(scope="module")
def every_ending(tmp_path_factory: pytest.TempPathFactory) -> tuple[SuiteFolder, int, str]:
    folder = SuiteFolder.make(tmp_path_factory.mktemp("endings"), EVERY_ENDING)
    return folder, *folder.run("-n", "2", "--kp-seed", "7", "--junitxml=junit.xml")


def test_each_ending_has_its_verdict(every_ending: tuple[SuiteFolder, int, str]) -> None:
    folder, code, _ = every_ending
    assert code == 1
    assert folder.verdicts() == {
        "passes": [("good", "pass"), ("good", "pass")],
        "fails": [("good", "pass"), ("bad", "fail")],
        "breaks_an_slo": [("outage", "fail")],
        "lacks_something": [("case", "inconclusive")],
        "knows_nothing": [("blind", "inconclusive")],
        "finds_nothing": [("findings", "inconclusive")],
        "measures": [("good", "pass"), ("count", "measured")],
        "only_measures": [("count", "measured"), ("findings", "inconclusive")],
        "never_judges": [("call", "inconclusive")],
        "asserts": [("good", "pass"), ("case", "fail")],
        "raises": [("good", "pass"), ("case", "inconclusive")],
        "cannot_clear_up": [("good", "pass"), ("teardown", "inconclusive")],
        "needs_iptables": [("good", "pass")],
        "skips_by_itself": [("skip", "inconclusive")],
    }


def test_declared_skip_is_listed_with_its_reason(every_ending: tuple[SuiteFolder, int, str]) -> None:
    folder, _, _ = every_ending
    (skip,) = folder.results().skipped
    assert (skip.case, skip.subject) == ("suites/test_it.py::test_needs_iptables", "nftables")
    assert "no iptables chain" in skip.reason
    assert "needs_iptables" not in folder.verdicts("nftables")


def test_results_tell_what_was_run(every_ending: tuple[SuiteFolder, int, str]) -> None:
    folder, _, _ = every_ending
    found = folder.results()
    assert (found.kubernetes, found.seed) == ("1.37.2", 7)
    tested = [
        (each.name, each.mode, each.version, each.written, each.kernel, each.control_plane) for each in found.subjects
    ]
    assert tested == [
        ("iptables", "iptables", "1.37.2", "iptables", "6.18.0", "1.37.2"),
        ("nftables", "nftables", "1.36.3", "nftables", "6.18.0", "1.38.0"),
    ]
    assert {each.sha256 for each in found.subjects} == {"0123456789abcdef" * 4}
    assert found.incomplete == ""
    assert found.verdict is Verdict.FAIL
    assert found.reproduce == "pytest suites -p no:cacheprovider -n 2 --junitxml=junit.xml --kp-seed=7"


MIXED = """
from fixtures.cluster import VERSIONS

@pytest.fixture(scope="session")
def cluster(request, cluster):
    request.config.stash[VERSIONS] = {"node-1": "1.37.2", "node-2": "1.36.3"}
    return cluster

def test_serves(judge):
    judge(GOOD)
"""


def test_the_versions_of_a_cluster_that_has_several_are_on_record(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, MIXED)
    code, printed = folder.run("--kp-modes=iptables")
    assert code == 0, printed
    (found,) = folder.results().subjects
    assert found.versions == {"node-1": "1.37.2", "node-2": "1.36.3"}
    assert found.warning == "kube-proxies of different versions: 1.36.3 on node-2; 1.37.2 on node-1"


def test_failing_case_prints_how_to_see_and_repeat_it(every_ending: tuple[SuiteFolder, int, str]) -> None:
    folder, _, printed = every_ending
    assert "expected: The sun shines." in printed
    assert "FAIL bad: it does not work [0.25 share, promised 1]" in printed
    assert "no attempt was made" in printed
    assert (
        "run this case again: pytest 'suites/test_it.py::test_fails[iptables]' --kp-modes=iptables --kp-seed=7"
        in printed
    )
    assert "it does not work" in (folder.path / "junit.xml").read_text()


def test_results_tell_what_was_expected_what_was_promised_where_and_what_to_do_next(
    every_ending: tuple[SuiteFolder, int, str],
) -> None:
    folder, _, printed = every_ending
    found = folder.results()
    account = found.account("suites/test_it.py::test_breaks_an_slo", ProxyMode.IPTABLES)
    of_case = (account.case, account.subject)
    (broken,) = [record for record in found.findings if (record.case, record.subject) == of_case]
    assert account.expected == "Nobody notices."
    assert re.search(r"\(slos/experiments/kill-proxy\.yaml:\d+\)$", account.promise)
    assert re.fullmatch(r"outage_s: 0 \(slos/(default|experiments/kill-proxy)\.yaml:\d+\)", broken.promise)
    assert account.promise in printed
    for file in account.files:
        assert (folder.path / "results" / "latest" / file).is_file()
    explanation = (folder.path / "results" / "latest" / account.files[0]).read_text()
    for told in ("expected: Nobody notices.", f"by the SLO: {broken.promise}", f"next: {broken.remedy}"):
        assert told in explanation


def test_every_finding_that_blocks_says_what_to_do_next(every_ending: tuple[SuiteFolder, int, str]) -> None:
    folder, _, _ = every_ending
    blocking = [record for record in folder.results().findings if record.verdict.blocks]
    assert [record.check for record in blocking if not record.remedy] == []
    (lacking,) = {record.remedy for record in blocking if record.case.endswith("test_lacks_something")}
    assert lacking == "start the Docker daemon"


def test_evidence_is_kept_for_each_case(every_ending: tuple[SuiteFolder, int, str]) -> None:
    folder, _, _ = every_ending
    record = next(record for record in folder.results().findings if record.case.endswith("test_passes"))
    assert (folder.path / "results" / "latest" / record.evidence[0] / "attempts.parquet").exists()


def test_run_of_passes_exits_with_zero(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, "def test_passes(judge):\n    judge(GOOD)\n")
    code, printed = folder.run("--kp-modes", "nftables")
    assert code == 0, printed
    assert folder.results().verdict is Verdict.PASS
    assert (tmp_path / "down-nftables").exists()


def test_run_that_stops_early_is_incomplete(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, "def test_a(judge):\n    pass\ndef test_b(judge):\n    judge(GOOD)\n")
    code, _ = folder.run("-x", "--kp-modes", "iptables")
    assert code == 1
    assert folder.results().incomplete.startswith("1 of 2 cases did not run")


def test_crashed_worker_leaves_an_inconclusive_finding(tmp_path: Path) -> None:
    tests = "def test_a(judge):\n    os._exit(9)\ndef test_b(judge):\n    judge(GOOD)\n"
    folder = SuiteFolder.make(tmp_path, tests)
    code, _ = folder.run("-n", "1", "--kp-modes", "iptables")
    assert code == 1
    assert folder.verdicts() == {"a": [("worker", "inconclusive")], "b": [("good", "pass")]}
    (crash,) = [record for record in folder.results().findings if record.case.endswith("test_a")]
    assert "crashed while running" in crash.reason


def test_a_subject_is_held_to_its_own_promise_beside_another_of_its_mode(tmp_path: Path) -> None:
    suite = """
def test_breaks_an_slo(judge, slos):
    slo = slos("kill-proxy").outage_s
    judge(Finding("outage", Verdict.FAIL, "somebody noticed", 3.0, "s", slo), terms=slos.terms("kill-proxy"))
"""
    folder = SuiteFolder.make(tmp_path, suite)
    own = tmp_path / "changes" / "subjects" / "next.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("experiments:\n  kill-proxy:\n    outage_s: 2\n")
    code, printed = folder.run("--kp-subjects", "nftables,next=nftables", "--kp-slos", str(own.parent.parent))
    assert code == 1, printed
    (today, following) = folder.results().findings
    assert (today.subject, today.threshold, following.subject, following.threshold) == ("nftables", 0, "next", 2)
    assert following.promise == f"outage_s: 2 ({own}:3)"
    assert re.fullmatch(r"outage_s: 0 \(slos/(default|experiments/kill-proxy)\.yaml:\d+\)", today.promise)
