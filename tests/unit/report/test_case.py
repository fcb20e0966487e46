"""The identity of a case."""

from __future__ import annotations

import pytest

from gauntlet.report.case import Case, of_node_id

FILE = "suites/conformance/test_x.py"
NAMES = ("iptables", "nftables", "nftables@1.36", "my-next+Gate-false")


@pytest.mark.parametrize(
    ("node_id", "name"),
    [
        (f"{FILE}::test_y[nftables]", f"{FILE}::test_y"),
        (f"{FILE}::test_y[tcp-nftables]", f"{FILE}::test_y[tcp]"),
        (f"{FILE}::test_y[10.0.0.1-a-b-nftables]", f"{FILE}::test_y[10.0.0.1-a-b]"),
    ],
)
def test_node_id_and_case_are_one_another(node_id: str, name: str) -> None:
    case = of_node_id(node_id, NAMES)
    assert case == Case(name, "nftables")
    assert case.node_id == node_id


@pytest.mark.parametrize("node_id", [f"{FILE}::test_y", f"{FILE}::test_y[tcp]", f"{FILE}::test_y[nftable]", FILE])
def test_other_tests_are_no_cases(node_id: str) -> None:
    assert of_node_id(node_id, NAMES) is None


@pytest.mark.parametrize("known", NAMES)
def test_each_subject_has_its_cases(known: str) -> None:
    for name in (f"{FILE}::test_y", f"{FILE}::test_y[tcp]", f"{FILE}::test_y[10.0.0.1-a-b]"):
        assert of_node_id(Case(name, known).node_id, NAMES) == Case(name, known)


def test_slug_is_a_file_name() -> None:
    case = Case(f"{FILE}::test_y[a/b c]", "iptables")
    assert case.slug == "x-y-a-b-c-iptables"
    assert Case(f"{FILE}::test_y", "nftables@1.36").slug == "x-y-nftables@1.36"
