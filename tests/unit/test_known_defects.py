"""The register of known defects: what it may hold, whom an entry affects, and what it explains of a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.checkers.known_defects import CHECK, Known
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.known_defects import Hold, KnownDefect, Register, ShownBy, read

CASE = "suites/conformance/test_a.py::test_b"
ENTRY = """\
defects:
  - number: 135266
    title: an address that terminates is refused
    wrong: It is refused.
    users: Wait.
    modes: [nftables]
    versions:
      - {since: "1.33", fixed: "1.37.0"}
    cases:
      - case: suites/conformance/test_a.py::test_b
        findings: [truth-table]
    run:
      day: "2026-11-29"
      failed: [nftables@1.35.4]
      passed: [nftables@1.37.2]
      figures: 4 of 60 rows.
"""


def register(folder: Path, text: str = ENTRY) -> Register:
    path = folder / "register.yaml"
    path.write_text(text)
    return read(path)


@pytest.fixture
def entry(tmp_path: Path) -> KnownDefect:
    return register(tmp_path).defects[0]


def known(entry: KnownDefect, shown: ShownBy | None = None, hold: Hold = Hold.MUST_FAIL, log: str = "") -> Known:
    return Known(((entry, shown or entry.cases[0], hold),), lambda _node: log)


def failed(check: str = "truth-table", parts: tuple[str, ...] = ()) -> Finding:
    return Finding(check, Verdict.FAIL, "4 of 60 rows", parts=parts, nodes=("node-1",))


def shown(**narrower: object) -> ShownBy:
    return ShownBy.model_validate({"case": CASE, "findings": ("truth-table",), **narrower})


PASSES = Finding("every-backend", Verdict.PASS, "all met")


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [("1.32.9", False), ("1.33.0", True), ("v1.36.12", True), ("1.36.3-eks-12", True), ("1.37.0", False)],
)
def test_an_entry_is_about_its_versions(entry: KnownDefect, version: str, *, is_affected: bool) -> None:
    assert entry.affects(ProxyMode.NFTABLES, version, ()) is is_affected


def test_an_entry_is_about_its_modes_and_gates(entry: KnownDefect) -> None:
    assert not entry.affects(ProxyMode.IPTABLES, "1.35.4", ())
    gated = entry.model_copy(update={"gates": ("Some",)})
    assert not gated.affects(ProxyMode.NFTABLES, "1.35.4", ())
    assert gated.affects(ProxyMode.NFTABLES, "1.35.4", {"Some", "Other"})


def test_without_a_fix_it_is_about_all_later_versions(tmp_path: Path) -> None:
    unfixed = register(tmp_path, ENTRY.replace(', fixed: "1.37.0"', "")).defects[0]
    assert unfixed.affects(ProxyMode.NFTABLES, "1.99.0", ())


@pytest.mark.parametrize(
    ("versions", "hold"),
    [({"all": "1.35.4"}, Hold.MUST_FAIL), ({"node-1": "1.35.4", "node-2": "1.37.2"}, Hold.MAY_FAIL)],
)
def test_the_case_must_fail_if_all_nodes_are_affected(tmp_path: Path, versions: dict[str, str], hold: Hold) -> None:
    ((_, _, found),) = register(tmp_path).of_case(CASE, ProxyMode.NFTABLES, versions, ())
    assert found is hold


def test_other_subjects_and_other_cases_have_nothing_of_it(tmp_path: Path) -> None:
    made = register(tmp_path)
    assert made.of_case(CASE, ProxyMode.NFTABLES, {"all": "1.37.2"}, ()) == ()
    assert made.of_case(f"{CASE}c", ProxyMode.NFTABLES, {"all": "1.35.4"}, ()) == ()


def test_a_case_is_meant_in_all_its_parameters_or_in_one() -> None:
    assert shown().is_about(f"{CASE}[udp]")
    assert shown(case=f"{CASE}[udp]").is_about(f"{CASE}[udp]")
    assert not shown(case=f"{CASE}[udp]").is_about(f"{CASE}[tcp]")


def test_what_it_names_is_explained(entry: KnownDefect) -> None:
    found, other = known(entry).explain([failed(), PASSES])
    assert (found.verdict, found.known_defect, found.remedy) == (Verdict.KNOWN_DEFECT, entry.name, "Wait.")
    assert found.reason == "known defect 135266: an address that terminates is refused: 4 of 60 rows"
    assert other == PASSES


def test_on_request_what_is_explained_fails_and_says_why(entry: KnownDefect) -> None:
    strict = Known(known(entry).entries, lambda _node: "", Verdict.FAIL)
    (found,) = strict.explain([failed()])
    assert (found.verdict, found.known_defect) == (Verdict.FAIL, entry.name)
    assert strict.surprises([found]) == []


def test_a_finding_that_it_does_not_name_still_fails(entry: KnownDefect) -> None:
    (found,) = known(entry).explain([failed("source-address")])
    assert (found.verdict, found.known_defect) == (Verdict.FAIL, "")


def test_what_is_inconclusive_stays_so(entry: KnownDefect) -> None:
    unknown = Finding("truth-table", Verdict.INCONCLUSIVE, "3 rows were not asked")
    assert known(entry).explain([unknown]) == [unknown]
    assert known(entry).surprises([unknown]) == []


@pytest.mark.parametrize(
    ("parts", "nodes", "verdict"),
    [
        (("a",), ("node-1",), Verdict.KNOWN_DEFECT),
        (("b",), ("node-1",), Verdict.INCONCLUSIVE),
        (("a",), ("node-2",), Verdict.INCONCLUSIVE),
        ((), (), Verdict.INCONCLUSIVE),
    ],
)
def test_what_is_inconclusive_just_where_it_failed_is_explained_as_well(
    entry: KnownDefect, parts: tuple[str, ...], nodes: tuple[str, ...], verdict: Verdict
) -> None:
    few = Finding("every-backend", Verdict.INCONCLUSIVE, "too few attempts", parts=parts, nodes=nodes)
    named = shown(findings=("truth-table", "every-backend"))
    assert known(entry, named).explain([few, failed(parts=("a",))])[0].verdict is verdict
    assert known(entry).explain([few, failed(parts=("a",))])[0].verdict is Verdict.INCONCLUSIVE


def test_a_check_of_one_service_is_meant_by_its_name(entry: KnownDefect) -> None:
    moved = shown(findings=("udp-flows-moved",))
    (found,) = known(entry, moved).explain([failed("udp-flows-moved: t-1/web")])
    assert found.verdict is Verdict.KNOWN_DEFECT


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        (("both terminate",), Verdict.KNOWN_DEFECT),
        (("both terminate", "one is ready"), Verdict.FAIL),
        ((), Verdict.FAIL),
    ],
)
def test_a_failure_elsewhere_in_the_case_is_not_explained(
    entry: KnownDefect, parts: tuple[str, ...], verdict: Verdict
) -> None:
    narrow = shown(parts=("both terminate", "all terminate"))
    (found,) = known(entry, narrow).explain([failed(parts=parts)])
    assert found.verdict is verdict


def test_it_is_explained_only_where_the_log_has_the_words(entry: KnownDefect) -> None:
    narrow = shown(log="missing label")
    assert known(entry, narrow, log="W1 node is missing label").explain([failed()])[0].known_defect
    assert not known(entry, narrow, log="all is well").explain([failed()])[0].known_defect
    of_no_node = Finding("truth-table", Verdict.FAIL, "4 of 60 rows")
    assert not known(entry, narrow, log="missing label").explain([of_no_node])[0].known_defect


def test_every_node_that_decided_must_have_logged_it(entry: KnownDefect) -> None:
    two = Finding("truth-table", Verdict.FAIL, "8 of 60 rows", nodes=("node-1", "node-2"))
    of_one = Known(known(entry, shown(log="no label")).entries, {"node-1": "no label", "node-2": ""}.__getitem__)
    assert of_one.explain([two])[0].verdict is Verdict.FAIL


def test_a_pass_where_it_must_fail_fails_by_its_name(entry: KnownDefect) -> None:
    (found,) = known(entry).surprises([PASSES])
    assert (found.check, found.verdict) == (CHECK, Verdict.FAIL)
    assert entry.name in found.reason


def test_a_failure_by_something_else_is_no_proof_of_it(entry: KnownDefect) -> None:
    assert len(known(entry).surprises([failed("source-address")])) == 1


def test_a_pass_is_fine_where_it_need_not_show(entry: KnownDefect) -> None:
    assert known(entry, hold=Hold.MAY_FAIL).surprises([PASSES]) == []


def test_what_shows_only_sometimes_need_not_fail(tmp_path: Path) -> None:
    text = ENTRY.replace("    wrong:", "    sometimes: It is a race.\n    wrong:")
    ((_, _, hold),) = register(tmp_path, text).of_case(CASE, ProxyMode.NFTABLES, {"all": "1.35.4"}, ())
    assert hold is Hold.MAY_FAIL


@pytest.mark.parametrize(
    ("was", "now", "line", "words"),
    [
        ("modes: [nftables]", "modes: [nftable]", 6, "nftable"),
        ('since: "1.33"', 'since: "1.x"', 8, "the first version affected"),
        ("    users: Wait.\n", "", 2, "`defects.0.users` is missing"),
        ("users: Wait.", "users: Wait.\n    user: Wait.", 6, "did you mean 'users'"),
        ("findings: [truth-table]", "findings: []", 11, "a list of checks"),
        ('day: "2026-11-29"', 'day: "29.11."', 13, "a day in quotes"),
        ("number: 135266", "number: many", 2, "none found"),
    ],
)
def test_a_mistake_is_told_by_its_line(tmp_path: Path, was: str, now: str, line: int, words: str) -> None:
    assert was in ENTRY
    with pytest.raises(UsageError) as raised:
        register(tmp_path, ENTRY.replace(was, now, 1))
    assert f"register.yaml:{line}: " in str(raised.value)
    assert words in str(raised.value)


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two entries are called"):
        register(tmp_path, ENTRY + ENTRY.removeprefix("defects:\n"))
