"""What a kube-proxy's own word means, and how an outlook is shown."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from gauntlet.doctor.cluster_check.node_probe import Process
from gauntlet.doctor.cluster_check.report import Level
from gauntlet.doctor.lookahead import trial
from gauntlet.doctor.lookahead.equipment import Equipment
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.moves import moves
from gauntlet.doctor.lookahead.trial import Reading, heard
from gauntlet.proxy.configuration import of_flags
from tests.unit.cluster_check.facts import cluster
from tests.unit.lookahead.sights import outlook, proxy, told

# Lines of kube-proxy 1.37.2.
LENIENT = (
    'I1129 12:11:07.708482   27136 options.go:502] "Using lenient decoding as strict decoding failed" '
    'err="strict decoding error: unknown field \\"udpIdleTimeout\\""\n'
)
LOCKED = (
    'E1129 12:11:07.801212   27150 run.go:72] "command failed" err="failed complete: cannot set feature gate '
    'NFTablesProxyMode to false, feature is locked to true"\n'
)


@pytest.mark.parametrize(
    ("code", "said", "reading"),
    [
        (0, "", Reading()),
        (0, LENIENT, Reading(ignored='strict decoding error: unknown field "udpIdleTimeout"')),
        (
            1,
            LENIENT + LOCKED,
            Reading(
                "failed complete: cannot set feature gate NFTablesProxyMode to false, feature is locked to true",
                'strict decoding error: unknown field "udpIdleTimeout"',
            ),
        ),
        (1, "Usage:\n\nError: unknown flag: --udp-timeout\n", Reading("unknown flag: --udp-timeout")),
        (139, "", Reading("it ended with 139")),
    ],
)
def test_what_the_program_says(code: int, said: str, reading: Reading) -> None:
    assert heard(code, said) == reading


def test_of_a_kube_proxy_that_is_run_by_flags_the_gates_of_the_goal_are_asked_too() -> None:
    arguments = ("--proxy-mode=iptables", "--feature-gates=Old=true,Both=true", "--kubeconfig=/etc/kubeconfig")
    process = Process(7, "S", ("kube-proxy", *arguments))
    runs = proxy(configuration=of_flags(arguments), processes=(process,))
    (move,) = moves(cluster(), [runs], {}, Goal.parse("nftables@1.37+New+Both=false"))
    asked, text = trial._asked(move)
    assert (text, asked[0]) == ("", "--proxy-mode=nftables")
    name, _, gates = asked[1].partition("=")
    assert (name, set(gates.split(","))) == ("--feature-gates", {"Old=true", "New=true", "Both=false"})
    assert len(asked) == 2


def test_that_no_program_was_asked_is_said() -> None:
    told(outlook("1.37"), Level.WARNING, "its own word", "no kube-proxy 1.37 is here")


def test_json_holds_everything() -> None:
    document = json.loads(outlook("nftables@1.37").as_json())
    assert (document["schema"], document["level"], document["goal"]) == (
        "kube-proxy-gauntlet/lookahead/v1", "warning", "nftables@1.37"
    )  # fmt: skip
    assert {"check", "level", "where", "what", "remedy", "source"} == set(document["diagnoses"][0])


def test_it_fits_80_columns_and_the_worst_comes_first() -> None:
    console = Console(width=80, record=True, highlight=False)
    for shown in outlook("nftables@1.37", proxy(), has=Equipment("5.4.0", "1.0.6")).shown():
        console.print(shown)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "Kubernetes 1.37.2, kube-proxy 1.36.3 on node-1 (iptables); ahead: nftables@1.37"
    assert lines[1].startswith("problem  kernel")
    assert any("see: kubernetes/kubernetes 122743" in line for line in lines)
    assert lines[-1].startswith("problem: 1 problems, 0 unknown")


def test_in_brief_it_tells_what_is_not_well_and_nothing_of_access() -> None:
    console = Console(width=80, record=True, highlight=False)
    for shown in outlook("nftables@1.37", proxy(unseen="no way in", addresses=frozenset())).in_brief():
        console.print(shown)
    text = console.export_text()
    assert "What nftables@1.37 will bring" in text
    assert "iptables mode becomes nftables mode" in " ".join(text.split())
    assert not [line for line in text.splitlines() if line.startswith("ok ") or "no way in" in line]
