"""`gauntlet upgrade` on real clusters: a sound pair, an outage of known length, a kube-proxy that does not start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.upgrade_outage import CHECK, OUT_S, ROLLED, Truth, clearing
from gauntlet.build.binaries import ensure
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import EventKind, History
from tests.cluster.upgrade.upgrading import GAUNTLET, program, upgrade

# After its first start on a node, which is sooner than the last phase is over.
DIES_AFTER_S = 6


def test_a_restart_in_the_same_mode_is_noticed_by_nobody(tmp_path: Path) -> None:
    found = upgrade(tmp_path, "--from=nftables", "--to=next=nftables")
    assert (found.code, found.failed) == (0, set()), found.output
    assert "nftables -> next: MAY, as far as the roll goes" in found.output
    made = found.results.upgrade
    assert made is not None
    assert made.answer == "may"
    assert [phase.name for phase in made.phases] == [
        *("hold-from", "roll-forward", "mixed", "roll-forward-rest", "hold-to"),
        *("roll-back", "hold-back", "roll-again"),
    ]
    assert all(phase.ended for phase in made.phases)
    assert made.phases[2].after == {"node-1": "next", "node-2": "nftables"}
    assert "conformance-to" in made.not_run
    history = History.load(found.folder / "evidence" / "upgrade")
    resolved = history.attempts.filter(history.attempts["service"].str.ends_with("/kube-dns"))
    assert set(resolved["protocol"]) == {"udp", "tcp"}
    assert set(resolved["outcome"]) == {"ok"}
    assert set(resolved["backend"]) == {"coredns-1", "coredns-2"}
    churn = [found.finding(phase, "churn").figure for phase in ("roll-forward", "roll-forward-rest", "roll-back")]
    assert all(changes and changes >= 2 for changes in churn)
    events = history.events
    replaced = events.filter(events["kind"] == EventKind.PROXY_REPLACED)
    assert replaced.select("subject", "node").rows() == [
        *(("next", "node-1"), ("next", "node-2")),
        *(("nftables", "node-1"), ("nftables", "node-2")),
        *(("next", "node-1"), ("next", "node-2")),
    ]


@pytest.fixture
def times(tmp_path: Path) -> Path:
    """A folder with a file for each node that was cleared."""
    folder = tmp_path / "times"
    folder.mkdir()
    return folder


@pytest.fixture
def clears_first(tmp_path: Path, times: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    return clearing(folder, times)


def test_an_outage_of_the_roll_is_measured_and_the_answer_names_it(
    tmp_path: Path, clears_first: Path, times: Path
) -> None:
    found = upgrade(tmp_path, "--from=nftables", f"--to=clears=nftables@{clears_first}", "--quick")
    assert found.code == 1
    assert "nftables -> clears: MAY NOT" in found.output
    assert {phase for phase, _ in found.failed} == {"roll-forward", "roll-forward-rest"}
    assert "1. the roll itself: " in found.output
    for phase, node in ROLLED.items():
        outage, truth = found.finding(phase, CHECK), Truth.of(times, node)
        assert outage.verdict is Verdict.FAIL
        assert truth.shortest_s >= OUT_S
        assert outage.figure is not None
        assert outage.resolution is not None
        # How small the error is on a quiet machine, `make bench` measures.
        assert truth.error_s(outage.figure) <= outage.resolution, outage.reason


def test_a_kube_proxy_that_does_not_start_stops_the_roll_which_is_rolled_back(tmp_path: Path) -> None:
    found = upgrade(tmp_path, "--from=iptables", "--to=broken=iptables+NoSuchGate", "--quick")
    assert found.code == 1
    assert "NoSuchGate" in found.finding("roll-forward", "replacement").reason
    # It was stopped, and none in sync followed; the traffic goes on by the rules of the one before.
    assert found.failed == {("roll-forward", "replacement"), ("roll-forward", "ready")}
    assert found.phases == ["hold-from", "roll-forward", "undo-roll", "hold-undone"]
    made = found.results.upgrade
    assert made is not None
    assert made.answer == "may not"
    assert made.phases[1].after == {"node-1": "broken", "node-2": "iptables"}
    assert made.phases[3].after == {"node-1": "iptables", "node-2": "iptables"}
    assert made.aftermath.endswith("the way back worked: every node has iptables again.")
    assert "The roll stopped in roll-forward. It was rolled back, and the way back worked" in found.output
    assert "hold-to            did not take place" in found.output


@pytest.fixture
def dies_later(tmp_path: Path) -> Path:
    """A kube-proxy that is killed some seconds after its first start on a node, and never starts again there."""
    real, marks = ensure().path("kube-proxy"), tmp_path / "marks"
    marks.mkdir()
    return program(
        tmp_path,
        f"""[ "$1" = --version ] && exec {real} --version
mark={marks}/$(echo "$1" | tr / _)
[ -e "$mark" ] && exit 1
: >"$mark"
setsid sh -c "sleep {DIES_AFTER_S}; kill -9 $$" &
exec {real} "$@"
""",
    )


def test_a_kube_proxy_that_dies_after_its_replacement_may_not(tmp_path: Path, dies_later: Path) -> None:
    found = upgrade(tmp_path, "--from=iptables", f"--to=dies=iptables@{dies_later}", "--quick")
    assert found.code == 1
    assert "iptables -> dies: MAY NOT" in found.output
    # The rules that it left serve on, so that nobody who asks the same Services notices.
    assert {check for _, check in found.failed} == {"kube-proxy", "endpoint-change"}
    assert "node-1: kube-proxy has ended" in found.finding("hold-to", "kube-proxy").reason
    assert found.finding("hold-to", "endpoint-change").verdict is Verdict.FAIL


def test_other_iptables_tools_leave_the_rules_of_the_former_in_force(tmp_path: Path) -> None:
    found = upgrade(tmp_path, "--from=iptables+tools=legacy", "--to=iptables+tools=nft", "--quick")
    assert found.code == 1
    assert "iptables+tools-legacy -> iptables+tools-nft: MAY NOT" in found.output
    left = found.finding("roll-forward", "residue")
    assert left.verdict is Verdict.FAIL
    assert left.details
    assert all("tables-legacy: " in line for line in left.details[:-1])
    assert found.finding("hold-from", "residue").verdict is Verdict.PASS
    assert found.phases[-1] == "hold-to"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from=iptables", "--to=iptables"], "the same name"),
        (["--from=iptables@1.33", "--to=iptables@1.37"], "4 minor versions apart"),
        (["--from=iptables@1.37", "--to=iptables@1.33"], "4 minor versions apart"),
        (["--from=iptables@1.25", "--to=nftables@1.25"], "nftables"),
        (["--from=iptables", "--to=userspace"], "userspace"),
        (["--from=iptables", "--to=nftables", "--nodes=100"], "a cluster of 100 nodes is too much for this machine"),
        (["--from=iptables", "--to=nftables", "--strategy=canary=3"], "leaves none of 3 nodes"),
        (["--from=iptables", "--to=nftables", "--strategy=backwards"], "is not a strategy"),
        (["--from=iptables,ipvs", "--to=nftables"], "without a comma"),
        (["--from=iptables", "--to=iptables+tools=nft"], "names iptables tools, and iptables"),
    ],
)
def test_bad_input_ends_before_anything_is_made(tmp_path: Path, arguments: list[str], words: str) -> None:
    results = tmp_path / "results"
    done = subprocess.run(
        [GAUNTLET, "upgrade", *arguments, f"--results={results}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert not results.exists()
