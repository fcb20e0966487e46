"""The table of feature gates against the kube-proxy that is pinned: each gate, set to true and to false."""

from __future__ import annotations

import json

import pytest

from gauntlet.build import binaries
from gauntlet.doctor.cluster_check.report import Level
from gauntlet.doctor.lookahead import trial
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.looking import judged
from gauntlet.proxy.changes import GATES
from tests.unit.lookahead.sights import NEW, facts, proxy

VERSION = binaries.DEFAULT_VERSION


@pytest.mark.parametrize("gate", [each.name for each in GATES])
@pytest.mark.parametrize("value", [True, False])
def test_kube_proxy_refuses_the_gates_that_the_table_says_it_refuses(gate: str, *, value: bool) -> None:
    given = proxy("mode: iptables", f"featureGates: {json.dumps({gate: value})}", version="1.36.3")
    found = judged(facts(), (given,), {"node-1": NEW}, Goal.parse(VERSION), trial.program)
    refused = dict.fromkeys(("gates", trial.CHECK), False)
    for each in found.diagnoses:
        if each.check in refused:
            assert each.level is not Level.UNKNOWN, each
            refused[each.check] |= each.level is Level.PROBLEM
    assert refused["gates"] is refused[trial.CHECK], found.diagnoses
