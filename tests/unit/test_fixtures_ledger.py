"""What the ledger of a run takes of pytest's reports, and what it reads in pytest's account of an error."""

from pathlib import Path
from typing import Literal

import pytest

from fixtures import ledger
from fixtures.inventory import Inventory
from fixtures.ledger import LedgerPlugin
from gauntlet.cli.settings import Settings
from gauntlet.ground.finding import Verdict
from gauntlet.promises import slo
from gauntlet.providers import KindOptions
from gauntlet.report.ledger import FINDING, SKIP
from gauntlet.report.results import FindingRecord
from gauntlet.subject import parse
from tests.unit.report.synthetic import CASE, passing

Outcome = Literal["passed", "failed", "skipped"]
OURS = """\
    def until(
>       raise NotInTime(
            what: str,
            remedy: str = "",
        )
E       gauntlet.ground.waiting.NotInTime: world ended: not within 10 s
E         remedy: look at its log

gauntlet/ground/waiting.py:93: NotInTime
"""

# What pytest says if two fixtures cannot be torn down.
SEVERAL = """\
  + Exception Group Traceback (most recent call last):
  |   File "_pytest/runner.py", line 579, in teardown_exact
  |     raise exceptions[0]
  | ExceptionGroup: errors while tearing down <Function test_x> (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "gauntlet/ground/waiting.py", line 93, in until
    |     raise NotInTime(
    |     ^^^^^^^^^^^^^^^^
    | gauntlet.ground.waiting.NotInTime: world ended: not within 10 s
    |   remedy: look at its log
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "fixtures/cluster.py", line 57, in cluster
    |     source.delete(created.name)
    | OSError: the other one
    +------------------------------------
"""


def _report(text: str) -> pytest.TestReport:
    return pytest.TestReport("suites/x.py::test_x", ("x", 1, "x"), {}, "failed", text, "teardown")


def test_the_remedy_is_what_the_error_says() -> None:
    assert ledger._remedy(_report(OURS)) == "look at its log"


def test_a_line_of_source_code_is_no_remedy() -> None:
    assert ledger._remedy(_report(OURS.replace("E         remedy: look at its log\n", ""))) == ""


def test_the_words_are_those_of_the_error() -> None:
    assert ledger._words(_report(OURS)) == "gauntlet.ground.waiting.NotInTime: world ended: not within 10 s"


def test_without_a_marked_error_the_words_are_the_first_line() -> None:
    assert ledger._words(_report("\nworker 'gw0' crashed\n  remedy: none\n")) == "worker 'gw0' crashed"
    assert ledger._remedy(_report("worker 'gw0' crashed\n  remedy: look\n")) == "look"


def test_of_several_errors_the_words_are_those_of_the_first_one() -> None:
    assert ledger._words(_report(SEVERAL)) == "gauntlet.ground.waiting.NotInTime: world ended: not within 10 s"
    assert ledger._remedy(_report(SEVERAL)) == "look at its log"


def test_an_error_without_a_word_says_so() -> None:
    assert ledger._words(_report("")) == "no words were left"


def _plugin(folder: Path) -> LedgerPlugin:
    settings = Settings(
        subjects=(parse("nftables", "1.37"),),
        kernels={},
        node_kernel="auto",
        families=(),
        provider="sandbox",
        version="1.37",
        slos=slo.shipped(),
        seed=1,
        profile="",
        folder=folder,
        kubeconfig=None,
        cluster_name=None,
        keep_cluster=False,
        known_defects=Verdict.KNOWN_DEFECT,
        kind=KindOptions(),
    )
    return LedgerPlugin(settings, ["pytest"], Inventory({}, whole=False, together=frozenset(), audits=frozenset()))


def _ended(
    case: str, when: Literal["setup", "call", "teardown"], outcome: Outcome, *properties: tuple[str, str]
) -> pytest.TestReport:
    where, text = ("suites/x.py", 1, "x"), OURS if outcome == "failed" else None
    return pytest.TestReport(f"{case}[nftables]", where, {}, outcome, text, when, user_properties=list(properties))


@pytest.mark.parametrize(
    ("torn_down", "verdict", "checks"),
    [("passed", Verdict.PASS, []), ("failed", Verdict.INCONCLUSIVE, ["teardown"])],
)
def test_what_fails_after_a_skipped_case_is_a_finding(
    tmp_path: Path, torn_down: Outcome, verdict: Verdict, checks: list[str]
) -> None:
    plugin, last, skip = _plugin(tmp_path), "suites/x.py::test_last", (SKIP, "it has no schedulers")
    found = [(FINDING, each.model_dump_json()) for each in passing(CASE, "nftables")]
    for report in (
        _ended(CASE, "call", "passed", *found),
        _ended(last, "setup", "skipped", skip),
        # The cluster, and whatever cases share, is taken away after the last of them.
        _ended(last, "teardown", torn_down, skip),
    ):
        plugin.pytest_runtest_logreport(report)
    made = plugin._ledger.results("")
    assert [each.reason for each in made.skipped] == ["it has no schedulers"]
    assert [each.check for each in made.findings if each.case == last] == checks
    assert made.verdict is verdict


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_file_that_cannot_be_collected_leaves_the_run_incomplete(
    tmp_path: Path, outcome: Literal["failed", "skipped"]
) -> None:
    plugin, found = _plugin(tmp_path), passing(CASE, "nftables")
    plugin.pytest_runtest_logreport(
        _ended(CASE, "call", "passed", *((FINDING, each.model_dump_json()) for each in found))
    )
    plugin.pytest_collectreport(pytest.CollectReport("suites/test_good.py", "passed", None, []))
    assert plugin._ledger.results("").verdict is Verdict.PASS
    plugin.pytest_collectreport(pytest.CollectReport("suites/test_bad.py", outcome, OURS, []))
    made = plugin._ledger.results("")
    assert (made.verdict, made.incomplete) == (Verdict.INCONCLUSIVE, "not collected: suites/test_bad.py")
    assert plugin._ledger.results("Ctrl-C").incomplete == "not collected: suites/test_bad.py; Ctrl-C"


def _begun(plugin: LedgerPlugin, *reports: pytest.TestReport) -> FindingRecord:
    """What is found of the case that these reports are all of, before the run ended."""
    plugin.pytest_runtest_logstart(f"{CASE}[nftables]")
    for report in reports:
        plugin.pytest_runtest_logreport(report)
    (found,) = plugin._ledger.results("interrupted").findings
    return found


def test_a_case_that_was_under_way_when_its_run_ended_says_so(tmp_path: Path) -> None:
    for number, reports in enumerate(([], [_ended(CASE, "setup", "passed")])):
        found = _begun(_plugin(tmp_path / str(number)), *reports)
        assert (found.check, found.verdict) == ("interrupted", Verdict.INCONCLUSIVE)
        assert found.reason.startswith("the case was interrupted before it had found anything")
        assert found.remedy.startswith("run the case again")


def test_a_case_that_came_to_its_end_was_not_interrupted(tmp_path: Path) -> None:
    """pytest --setup-only runs no test function."""
    plugin = _plugin(tmp_path)
    plugin.pytest_runtest_logfinish(f"{CASE}[nftables]")
    found = _begun(plugin, _ended(CASE, "setup", "passed"), _ended(CASE, "teardown", "passed"))
    assert found.reason == "the case ended without recording a finding"


def test_what_a_case_had_found_when_it_was_interrupted_stays(tmp_path: Path) -> None:
    (passed,) = passing(CASE, "nftables")
    called = _ended(CASE, "call", "passed", (FINDING, passed.model_dump_json()))
    assert _begun(_plugin(tmp_path), called) == passed


def test_a_case_whose_worker_died_says_that_it_was_interrupted(tmp_path: Path) -> None:
    died = pytest.TestReport(f"{CASE}[nftables]", ("x", 1, "x"), {}, "failed", "worker 'gw0' crashed", "???")  # type: ignore[arg-type]
    found = _begun(_plugin(tmp_path), _ended(CASE, "setup", "passed"), died)
    assert (found.check, found.verdict) == ("worker", Verdict.INCONCLUSIVE)
    assert found.reason == "the case was interrupted, and decides nothing: worker 'gw0' crashed"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (pytest.Session.Interrupted("<WorkerController gw0> received keyboard-interrupt"), "interrupted"),
        (pytest.Session.Interrupted("1 error during collection"), "1 error during collection"),
    ],
)
def test_a_run_that_ended_early_says_why(error: BaseException, words: str) -> None:
    assert ledger._ended_by(error) == words
