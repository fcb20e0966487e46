"""Names that are resolved as they should be, otherwise, or not at all."""

from __future__ import annotations

from gauntlet.checkers.names import names
from gauntlet.ground.finding import Verdict
from gauntlet.ground.lookup import Kind, Lookup, Name

WEB, PORT = Name("web.test", Kind.A), Name("_http._tcp.web.test", Kind.SRV)
EXPECTED = {WEB: frozenset({"10.96.0.7"}), PORT: frozenset({"80 web.test"})}


def lookup(name: Name, *said: str, trouble: str = "") -> Lookup:
    return Lookup("client-1", "10.96.0.10:53/udp", name, 0, frozenset(said), trouble)


def test_all_are_as_expected() -> None:
    found = names([lookup(WEB, "10.96.0.7"), lookup(PORT, "80 web.test")], EXPECTED)
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


def test_a_wrong_a_missing_and_a_failed_answer_are_each_told() -> None:
    asked = [lookup(WEB, "10.96.0.8"), lookup(WEB), lookup(PORT, trouble="TimeoutError"), lookup(PORT, "80 web.test")]
    found = names(asked, EXPECTED)
    assert (found.verdict, found.figure) == (Verdict.FAIL, 3.0)
    assert [line.partition(": ")[2] for line in found.details] == [
        "A web.test: 10.96.0.8; expected: 10.96.0.7",
        "A web.test: no record; expected: 10.96.0.7",
        "SRV _http._tcp.web.test: TimeoutError; expected: 80 web.test",
    ]


def test_one_address_too_many_is_wrong() -> None:
    asked = [lookup(WEB, "10.96.0.7", "10.96.0.8"), lookup(PORT, "80 web.test")]
    assert names(asked, EXPECTED).verdict is Verdict.FAIL


def test_a_name_that_nobody_asked_for_is_inconclusive() -> None:
    assert names([lookup(WEB, "10.96.0.7")], EXPECTED).verdict is Verdict.INCONCLUSIVE
    assert names([], EXPECTED).verdict is Verdict.INCONCLUSIVE
