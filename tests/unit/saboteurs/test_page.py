"""docs/saboteurs.md: what was found before stays until it is found anew."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs import page
from tests.saboteurs.judgement import Caught, Judgement
from tests.saboteurs.register import all_saboteurs
from tests.saboteurs.register.saboteur import Catch, Saboteur

CASE = "suites/conformance/test_x.py::test_even"
EVEN = Saboteur("weights-x", "Shares are odd.", (Catch(CASE, "balance"),), ())
LATE = Saboteur("timing-y", "All is late.", (Catch(CASE, "x"),), (), modes=(ProxyMode.IPVS,))
BOTH = {each.name: each for each in (EVEN, LATE)}
IN_IPTABLES = page.row(EVEN, Judgement("iptables", (Caught(CASE, "balance", 21.4),), ()), "2026-11-30, abc1234")
IN_NFTABLES = page.row(EVEN, Judgement("nftables", (Caught(CASE, "balance", 30.0),), ("odd",)), "2026-11-30, abc1234")


def test_a_row_says_by_what_and_when_it_was_caught() -> None:
    assert str(IN_IPTABLES) == ("| weights-x | iptables | x: even | balance | 21 | 2026-11-30, abc1234 |")


def test_variants_of_a_case_are_named_together() -> None:
    both = tuple(Caught(f"{CASE}[{protocol}]", "balance", 9.0) for protocol in ("tcp", "udp"))
    assert "| x: even (tcp, udp) | balance |" in str(page.row(EVEN, Judgement("iptables", both, ()), "today"))


def test_what_is_not_as_declared_is_not_caught() -> None:
    assert "**not caught**" in str(IN_NFTABLES)


def test_rows_stay_until_they_are_found_anew() -> None:
    first = page.markdown(BOTH, "", [IN_IPTABLES, IN_NFTABLES])
    again = page.row(EVEN, Judgement("nftables", (Caught(CASE, "balance", 9.0),), ()), "2026-12-01, def5678")
    second = page.markdown(BOTH, first, [again])
    assert list(page.rows(second)) == [
        IN_IPTABLES,
        again,
        page.Row("timing-y", "ipvs", "not run | - | - | -"),
    ]
    assert page.markdown(BOTH, second, []) == second


def test_saboteurs_that_are_gone_leave_the_page() -> None:
    assert "weights-x" not in page.markdown({"timing-y": LATE}, page.markdown(BOTH, "", [IN_IPTABLES]), [])


def test_the_page_has_all_saboteurs() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.markdown(all_saboteurs(), text, []) == text, "run `make saboteurs`, or a part of it"
