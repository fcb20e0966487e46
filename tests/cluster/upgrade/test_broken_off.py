"""An upgrade whose API server goes away for a minute, or that is told to end, or killed.

The phases are those that differ in what they do: before the first one, a roll, a hold, a roll that is undone, and cases
in a child process, which may have hurt the cluster. tests/unit/upgrade/test_interrupted.py has all of them.
"""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gauntlet.cli import pytestrun
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import EventKind
from gauntlet.ground.waiting import until
from gauntlet.upgrade.undoing import UNDO
from tests.cluster.upgrade.upgrading import GAUNTLET, Upgrading, upgrading

# For so long a kube-proxy that was started meanwhile is waited for.
AWAY_S = 60.0
PAIR = ("--from=iptables", "--to=next=iptables", "--quick")

CASE = "test_cluster_ip_reaches_every_backend"
# A kube-proxy that is stopped goes on only if somebody lets it.
FAULT = "test_stopped_proxy_follows_its_endpoints_when_it_continues"
# Importing it would bring Locust into this process, which patches the interpreter.
AGENT = "gauntlet.traffic.agent"


def api_server(run: Upgrading) -> psutil.Process:
    (found,) = run.named("kube-apiserver")
    return found


def listed(tmp_path: Path) -> str:
    """What the next command knows of, which clears away what a killed one has left."""
    return subprocess.run(
        [GAUNTLET, "cluster", "list"],
        env={"XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def cases_attempt(run: Upgrading) -> bool:
    """Whether pytest runs, and has clients of its own."""
    with suppress(psutil.NoSuchProcess):  # one that ended in this moment
        for each in run.below:
            if pytestrun.__name__ in each.cmdline():
                return any(AGENT in below.cmdline() for below in each.children(recursive=True))
    return False


def test_an_api_server_that_is_away_makes_no_verdict(tmp_path: Path) -> None:
    with upgrading(tmp_path, *PAIR) as run:
        run.await_event(EventKind.PROXY_STOPPED)
        # It goes with the cluster when the roll has stopped.
        api_server(run).suspend()
        found = run.ended()
    assert found.code == 1
    assert "iptables -> next: CANNOT TELL" in found.output
    assert found.failed == set()
    absence = found.finding("roll-forward", "api-server")
    assert absence.figure is not None
    assert absence.figure >= AWAY_S
    replacement = found.finding("roll-forward", "replacement")
    assert replacement.verdict is Verdict.INCONCLUSIVE
    assert "the API server did not answer for" in replacement.reason
    assert found.phases == ["hold-from", "roll-forward"]
    assert "all is left as it was then" in found.output


@pytest.mark.parametrize(
    ("phase", "kind", "number"),
    [
        ("roll-forward", EventKind.PROXY_STOPPED, signal.SIGINT),
        ("mixed", EventKind.ENDPOINT_CHANGED, signal.SIGTERM),
    ],
)
def test_one_that_is_told_to_end_is_judged_as_far_as_it_went(
    tmp_path: Path, phase: str, kind: EventKind, number: signal.Signals
) -> None:
    with upgrading(tmp_path, *PAIR) as run:
        run.await_event(EventKind.PHASE_STARTED, phase)
        run.await_event(kind)
        below = run.below
        run.process.send_signal(number)
        found = run.ended()
        run.await_gone(below)
    assert found.code == 1
    assert (
        f"interrupted in {phase}: it decides nothing, and what was over by then is judged; kept until" in found.output
    )
    assert "iptables -> next: CANNOT TELL" in found.output
    assert found.finding("hold-from", "availability: new TCP").verdict is Verdict.PASS
    assert found.finding(phase, "broken-off").reason == "the run was interrupted"
    assert found.failed == set()
    assert (found.folder / "evidence" / "upgrade" / "attempts.parquet").exists()
    assert list((found.folder / "logs").rglob("kube-proxy-node-1.log"))


def test_one_that_is_told_to_end_while_its_roll_is_undone_may_not_and_says_what_nodes_have(tmp_path: Path) -> None:
    with upgrading(tmp_path, "--from=iptables", "--to=broken=iptables+NoSuchGate", "--quick") as run:
        run.await_event(EventKind.PHASE_STARTED, UNDO)
        below = run.below
        run.process.send_signal(signal.SIGINT)
        found = run.ended()
        run.await_gone(below)
    assert found.code == 1
    assert "iptables -> broken: MAY NOT" in found.output
    assert "interrupted in undo-roll: it decides nothing" in found.output
    made = found.results.upgrade
    assert made is not None
    assert made.aftermath.startswith(
        "The roll stopped in roll-forward, and undo-roll was not over when the upgrade was broken off (the run was "
        "interrupted): node-1 has been given "
    )
    assert "way back" not in made.aftermath


def test_one_that_is_told_to_end_before_its_first_phase_leaves_no_cluster(tmp_path: Path) -> None:
    """Nothing was seen, so that there is no page; the answer is the exit code."""
    with upgrading(tmp_path, *PAIR) as run:
        until(lambda: run.named("kube-proxy"), what="a kube-proxy", deadline_s=120)
        below = run.below
        assert run.events() == []
        run.process.send_signal(signal.SIGINT)
        code = run.process.wait(60)
        run.await_gone(below)
    assert code == 1, run.printed.read_text()
    assert "MAY" not in run.printed.read_text()


def test_one_that_is_killed_leaves_nothing_and_the_next_command_knows_of_nothing(tmp_path: Path) -> None:
    """Its cases run: pytest is a child, which notices that nobody waits for it, and clears up."""
    with upgrading(tmp_path, *PAIR, cases=CASE) as run:
        run.await_event(EventKind.PHASE_STARTED, "conformance-mixed", deadline_s=300)
        until(lambda: cases_attempt(run), what="the case has clients", deadline_s=90)
        below = run.below
        run.process.kill()
        run.process.wait()
        assert "upgrade-" not in listed(tmp_path)
        run.await_gone(below)
        # What happened is there, as far as it went.
        assert [each["node"] for each in run.events() if each["kind"] == EventKind.PROXY_REPLACED] == ["node-1"]
        assert [rows for rows in run.folder.rglob("*.rows") if "cases" not in rows.parts]


def test_one_that_is_told_to_end_while_a_fault_hurts_heals_it_and_ends(tmp_path: Path) -> None:
    """pytest is a child: it is told to end, heals what it has hurt, and its upgrade ends with it."""
    with upgrading(tmp_path, "--from=iptables", "--to=next=iptables", cases=FAULT) as run:
        run.await_event(EventKind.PHASE_STARTED, "faults-from")
        run.await_event(EventKind.FAULT_LANDED)
        below = run.below
        run.process.send_signal(signal.SIGTERM)
        found = run.ended()
        assert EventKind.FAULT_HEAL_CONFIRMED in {each["kind"] for each in run.events()}
        run.await_gone(below)
    assert found.code == 1
    assert "interrupted in faults-from: it decides nothing, and what was over by then is judged" in found.output
    assert "iptables -> next: CANNOT TELL" in found.output
    assert found.finding("hold-from", "availability: new TCP").verdict is Verdict.PASS
    assert found.finding("faults-from", "broken-off").reason == "the run was interrupted"
    assert found.failed == set()
