"""A run as JUnit XML, which every CI reads: a suite for each subject, a case for each of its cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from gauntlet.ground.finding import Verdict
from gauntlet.report.difference_record import DifferencesRecord
from gauntlet.report.known_trouble import KnownTrouble
from gauntlet.report.names import group, title
from gauntlet.report.results import CaseResult, FindingRecord, Results

FILE = "junit.xml"
# What XML 1.0 has no character for: output of programs may hold it.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Results) -> str:
    """What failed is a failure, what is inconclusive an error: nothing was learnt there, and CI must not pass it.

    The answer of an upgrade, or of a watch, is a case of its own, the first; differences between subjects that are not
    as declared are cases as well. What did not pass and is no reason against it, as today's kube-proxy does not pass it
    either or as it is accepted, is skipped, with words: a CI that goes by failures has to come to the same answer. A
    run that ended before all of its cases had is an error, too, and so is a subject of which no case ran.
    """
    root = ET.Element("testsuites", name="kube-proxy gauntlet")
    if results.upgrade is not None:
        suite = _suite(root, "upgrade")
        _case(suite, "upgrade", results.question(), *_answer(results))
    if results.incomplete:
        suite = _suite(root, "run")
        _case(suite, "run", "all cases ran", Verdict.INCONCLUSIVE, results.incomplete, "")
    if results.differences is not None and results.differences.fails:
        _differ(_suite(root, "differences"), results.differences)
    trouble = KnownTrouble(results)
    for name in dict.fromkeys([*results.names, *(each.subject for each in results.findings)]):
        _of_subject(_suite(root, name), results, name, trouble)
    for suite in root:
        _count(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _of_the_register(result: CaseResult) -> str:
    """The known defects that explain all that failed; empty if something else did, or nothing."""
    if result.verdict is not Verdict.KNOWN_DEFECT:
        return ""
    return "; ".join(f"known defect {name}" for name in result.known_defects)


def _of_subject(suite: ET.Element, results: Results, name: str, trouble: KnownTrouble) -> None:
    took_s = {each.case: each.took_s for each in results.accounts if each.subject == name}
    ran = [result for result in results.cases() if result.subject == name]
    if not ran and results.upgrade is None:
        _case(suite, "run", "a case ran", Verdict.INCONCLUSIVE, "no case ran, so that nothing was learnt", "")
    for result in ran:
        known = _of_the_register(result) or trouble.of(result)
        verdict, checks, text = _found(result)
        if known:
            case = _skipped(suite, result.case, known, text)
        else:
            case = _case(suite, _class_of(result.case), title(result.case), verdict, checks, text)
        if (seconds := took_s.get(result.case)) is not None:
            case.set("time", f"{seconds:.3f}")
    for skip in results.skipped:
        if skip.subject == name:
            _skipped(suite, skip.case, skip.reason)


def _differ(suite: ET.Element, differences: DifferencesRecord) -> None:
    """A case for each difference that is not declared, and for each declared one that had to show up."""
    for each in differences.undeclared:
        text = "\n".join([*([each.row] if each.row else []), *(stood.line for stood in each.stood)])
        _case(suite, _class_of(each.case), title(each.case), each.verdict, "subjects differ, undeclared", text)
    for absent in differences.missed:
        _case(suite, "declared", absent.declared.place, absent.verdict, "not seen", absent.declared.reason)


def _answer(results: Results) -> tuple[Verdict, str, str]:
    upgrade = results.upgrade
    assert upgrade is not None
    reasons = "\n".join(f"{each.name}: {each.reason}" for each in upgrade.reasons)
    return upgrade.verdict, upgrade.words, reasons


def _class_of(case: str) -> str:
    return group(case).replace(" / ", ".") or "gauntlet"


def _found(result: CaseResult) -> tuple[Verdict, str, str]:
    blocking = [each for each in result.findings if each.verdict.blocks or each.known_defect]
    return result.verdict, "; ".join(finding.check for finding in blocking), _text(blocking)


def _text(findings: Sequence[FindingRecord]) -> str:
    lines = (
        line
        for each in findings
        for line in (f"{each.check} ({each.verdict}): {each.reason}", each.promise, each.remedy, *each.details)
        if line
    )
    return "\n".join(lines)


def _suite(root: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=_legal(name))


def _case(suite: ET.Element, group_name: str, name: str, verdict: Verdict, message: str, text: str) -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=_legal(group_name), name=_legal(name))
    if verdict.blocks:
        kind = "failure" if verdict is Verdict.FAIL else "error"
        trouble = ET.SubElement(case, kind, type=str(verdict), message=_legal(message))
        trouble.text = _legal(text)
    return case


def _skipped(suite: ET.Element, case: str, message: str, text: str = "") -> ET.Element:
    made = _case(suite, _class_of(case), title(case), Verdict.PASS, "", "")
    ET.SubElement(made, "skipped", message=_legal(message)).text = _legal(text) or None
    return made


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    times = [float(case.get("time", 0)) for case in suite]
    if any(times):
        suite.set("time", f"{sum(times):.3f}")
    for kind, word in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(word, str(len(suite.findall(f"testcase/{kind}"))))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
