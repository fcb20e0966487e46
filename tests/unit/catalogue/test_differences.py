"""In what the model has modes and versions differ is declared, with a reason, in slos/differences.yaml."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.promises import slo
from gauntlet.promises.differences import Declaration, Kind
from gauntlet.promises.support import unsupported
from gauntlet.proxy.modelled import proxy
from gauntlet.semantics import asked
from gauntlet.semantics.places import ServingNode, World
from gauntlet.semantics.standing import Standing, standings
from tests.unit.catalogue import made_up
from tests.unit.catalogue.made_up import NODES, PODS, tables
from tests.unit.catalogue.test_cases import DECLARED, STEPS, steps_of

# One of each version in which a mode changed what the model knows.
SUBJECTS = (
    *((ProxyMode.IPTABLES, version) for version in ("1.25", "1.33", "1.37")),
    *((ProxyMode.NFTABLES, version) for version in ("1.35", "1.37")),
    (ProxyMode.IPVS, "1.37"),
)
FILES = {name: (case.entry.file, case.entry.needs) for case in DECLARED for name, _ in steps_of(case)}
DECLARATIONS = slo.declared_differences(slo.shipped())
NAMES = {
    **{address: each.name for each in NODES for address in each.addresses},
    **{address: each.name for each in PODS.all for address in each.addresses},
}


@functools.cache
def world(mode: ProxyMode, version: str) -> World:
    serving = proxy(mode, version, {"clusterCIDR": "10.244.0.0/16,fd00:244::/48"})
    return World(tuple(ServingNode(node, serving) for node in NODES))


def expected(name: str, mode: ProxyMode, version: str, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Standing]:
    monkeypatch.setattr(made_up, "world", lambda _: world(mode, version))
    steps = [
        (
            step.words,
            [
                asked.Row(0, "", row.place, row.service, row.frontend, row.outcome, asked.Effort.ANSWERS)
                for row in table
            ],
        )
        for step, table in zip(STEPS[name], tables(STEPS[name], mode), strict=True)
    ]
    return {each.row: each for each in standings(steps, NAMES)}


def covering(case: str, one: tuple[ProxyMode, str], other: tuple[ProxyMode, str], rules: set[str]) -> list[Declaration]:
    return [
        each
        for each, _ in DECLARATIONS
        if each.is_about(Kind.ROWS, case)
        and each.decides(rules)
        and each.holds_for("", *one, ()) != each.holds_for("", *other, ())
    ]


@pytest.mark.parametrize("name", STEPS)
def test_each_difference_of_the_model_is_declared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file, needs = FILES[name]
    case = f"suites/{file}::test_{name}"
    having = [each for each in SUBJECTS if not any(unsupported(need, *each) for need in needs)]
    rows = {subject: expected(name, *subject, monkeypatch) for subject in having}
    for one, other in itertools.combinations(having, 2):
        for row, its in rows[one].items():
            others = rows[other][row]
            if its.outcome != others.outcome:
                rules = set(its.rules) ^ set(others.rules)
                assert covering(case, one, other, rules), (
                    f"{one} {its.outcome}; {other} {others.outcome}: {row} {rules}"
                )
