"""The files of experiments/: each is valid, has a promise, and runs alone, by `chaos run`, on any sandbox cluster."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment

from gauntlet import faults
from gauntlet.faults import iptables_tables
from gauntlet.faults.chaos import experiment as experiments
from gauntlet.faults.chaos.service import replacement
from gauntlet.faults.chaos.target import target_of
from gauntlet.faults.chaos.timing import refuse_early_timer
from gauntlet.faults.registry import DEAD_MAN_S
from gauntlet.ground.cluster import Cluster, Node, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import EventLog
from gauntlet.ground.journal.store import State, journal_of
from gauntlet.ground.paths import project_root
from gauntlet.ground.waiting import until
from gauntlet.promises import slo
from gauntlet.proxy import restart as proxy_restart
from tests.cluster.faults.conftest import Sandboxes

FILES = sorted((project_root() / "experiments").glob("*.yaml"))
CHAOS = Path(sys.executable).with_name("chaos")


# As a shell starts it in the background of a script.
IN_THE_BACKGROUND = ("env", "--ignore-signal=INT", "--")


def command(file: Path, cluster: Cluster, folder: Path, *prefix: str, **environment: str) -> subprocess.Popen[str]:
    """`chaos run FILE`, started in a folder of its own, as a user would; by the command `prefix` if there is one."""
    return subprocess.Popen(
        [*prefix, CHAOS, "--no-version-check", "run", file],
        cwd=folder,
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "PYTHONPATH": str(project_root()), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ran(file: Path, cluster: Cluster, folder: Path, **environment: str) -> tuple[int, str]:
    """Exit code and output."""
    with command(file, cluster, folder, **environment) as process:
        assert process.stdout is not None
        output = process.stdout.read()
    return process.returncode, output


def kinds(folder: Path) -> list[str]:
    return EventLog(folder / "events.jsonl").read()["kind"].to_list()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_is_valid(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "looked at only when it runs")
    ensure_experiment_is_valid(load_experiment(str(file)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_proves_landing_and_healing_and_rolls_back(file: Path) -> None:
    document = yaml.safe_load(file.read_text())
    method = [step["provider"]["func"] for step in document["method"]]
    assert method.index("inject") < method.index("landed") < method.index("heal") < method.index("healed")
    if "over_by_itself" in method:
        assert method.index("proxy_at_rest") + 1 == method.index("inject")
        assert method.index("landed") + 1 == method.index("over_by_itself") == method.index("heal") - 1
    else:
        # Nothing may come between the look and the end of the fault, no pause either.
        held = method.index("held")
        assert method.index("landed") < held
        assert method[held + 1] in ("heal", "restart_proxy")
        assert "pauses" not in document["method"][held]
    assert {"heal", "healed"} <= {step["provider"]["func"] for step in document["rollbacks"]}
    controls = [each["provider"]["module"] for each in document["controls"]]
    assert controls == ["gauntlet.faults.chaos.safety", "gauntlet.faults.chaos.watch"]
    used = {
        step["provider"]["arguments"]["fault"]
        for step in (*document["method"], *document["rollbacks"])
        if "fault" in step["provider"].get("arguments", {})
    }
    assert len(used) == 1
    assert used <= set(faults.names())


def test_every_experiment_has_a_promise_and_every_fault_an_experiment() -> None:
    book = slo.load(project_root() / "slos")
    assert {file.stem for file in FILES} <= set(book.experiments)
    texts = [file.read_text() for file in FILES]
    assert all(any(f"fault: {name}\n" in text for text in texts) for name in faults.names())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_takes_service_and_timer_from_the_environment(file: Path) -> None:
    configuration = yaml.safe_load(file.read_text())["configuration"]
    assert configuration["service"]["key"] == "GAUNTLET_SERVICE"
    timer = {"type": "env", "key": "GAUNTLET_DEAD_MAN_S", "env_var_type": "float", "default": DEAD_MAN_S}
    assert configuration["dead_man_s"] == timer


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_timer_fires_within_the_file_as_it_is(file: Path) -> None:
    experiment, configuration = shipped(file)
    refuse_early_timer(experiment, configuration)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("flush-nat", {"hold_s": 100}),
        ("flush-nat", {"dead_man_s": 30}),
        ("flush-all-tables", {"within_s": 91}),
        ("stop-proxy", {"hold_s": 100}),
        ("port-taken-before", {"hold_s": 200}),
    ],
)
def test_a_timer_that_would_fire_while_the_fault_is_watched_is_refused(name: str, changed: dict[str, float]) -> None:
    experiment, configuration = shipped(project_root() / f"experiments/{name}.yaml")
    with pytest.raises(UsageError, match="the dead-man timer of the node undoes the fault after") as refused:
        refuse_early_timer(experiment, {**configuration, **changed})
    assert "GAUNTLET_DEAD_MAN_S above" in refused.value.remedy


@pytest.mark.parametrize("name", ["crash-kernel", "port-clash", "kill-proxy"])
def test_a_fault_that_no_timer_undoes_may_last_as_long_as_it_likes(name: str) -> None:
    experiment, configuration = shipped(project_root() / f"experiments/{name}.yaml")
    refuse_early_timer(experiment, {**configuration, "hold_s": 1000})


def shipped(file: Path) -> tuple[dict[str, Any], dict[str, float | str]]:
    """An experiment and its configuration, as far as the file gives values."""
    document = yaml.safe_load(file.read_text())
    configuration = {key: value["default"] for key, value in document["configuration"].items() if "default" in value}
    return document, {**configuration, "kubeconfig": "/nowhere"}


STEP = {"name": "a step", "provider": {"func": "proxy_healthy"}}
INJECT = {"activity": {"name": "hurt it", "provider": {"func": "inject"}}, "status": "succeeded", "output": "fault-1"}
STEADY = {"steady_state_met": True, "probes": []}


@pytest.mark.parametrize(
    ("journal", "verdict", "words"),
    [
        ({"run": [INJECT], "steady_states": {"before": STEADY}}, "pass", "the steady state held"),
        ({"run": [INJECT], "steady_states": {}}, "inconclusive", "was not looked at before"),
        ({"run": [], "steady_states": {"before": STEADY}}, "inconclusive", "has injected nothing"),
        (
            {"run": [{**INJECT, "output": None}], "steady_states": {"before": STEADY}},
            "inconclusive",
            "injected nothing",
        ),
        (
            {
                "steady_states": {
                    "before": {
                        "steady_state_met": False,
                        "probes": [{"activity": STEP, "status": "succeeded", "output": False, "tolerance_met": False}],
                    }
                }
            },
            "inconclusive",
            "did not hold before: a step gave False",
        ),
        ({"run": [INJECT], "steady_states": {"before": STEADY}, "deviated": True}, "fail", "did not hold afterwards"),
    ],
)
def test_what_chaos_toolkit_calls_completed_is_judged(journal: dict[str, Any], verdict: str, words: str) -> None:
    found = experiments.Journal.model_validate({"status": "completed", **journal}).ran("some", "").finding()
    assert found.verdict == verdict
    assert words in found.reason


def rules(node: Node) -> tuple[iptables_tables.Present, ...]:
    return iptables_tables.present(node, table="nat")


def test_an_experiment_whose_steady_state_did_not_hold_before_is_no_success(
    sandboxes: Sandboxes, tmp_path: Path
) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    node = cluster.nodes[0]
    tools = {"iptables", "ip6tables"}
    # A new kube-proxy is healthy before both of its families have had their first sync.
    until(lambda: {each.tool for each in rules(node)} == tools, what="the rules of both families", deadline_s=60)
    whole = rules(node)
    try:
        # By somebody else: a fault of the journal would be healed first.
        node.run(("sh", "-c", iptables_tables.flush("iptables", "nat")))
        code, output = ran(project_root() / "experiments/kill-proxy.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="0.1")
        found = experiments.run("kill-proxy", cluster, events=tmp_path / "events.jsonl").finding()
    finally:
        node.run(("sh", "-c", proxy_restart.RESTART))
        check = ("sh", "-c", iptables_tables.check(whole))
        until(lambda: node.run(check, check=False).code == 0, what="the rules are back", deadline_s=60)
    assert code != 0, output
    assert "a Service answers on the node gave False; nothing was injected" in output
    assert not (tmp_path / "events.jsonl").exists()
    assert found.verdict == "inconclusive"
    assert "nothing was injected" in found.reason


def test_an_experiment_that_injected_nothing_is_no_success(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    document = yaml.safe_load((project_root() / "experiments/kill-proxy.yaml").read_text())
    document["method"] = document["rollbacks"]
    (tmp_path / "nothing.yaml").write_text(yaml.safe_dump(document))
    code, output = ran(tmp_path / "nothing.yaml", cluster, tmp_path)
    assert code != 0, output
    assert "nothing was injected" in output


def test_a_fault_that_is_undone_within_its_hold_ends_the_experiment(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    node = cluster.nodes[0]
    with command(project_root() / "experiments/flush-nat.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="15") as process:
        until(lambda: "fault_landed" in kinds(tmp_path), what="the fault has landed", deadline_s=60)
        node.run(("sh", "-c", proxy_restart.RESTART))
        assert process.stdout is not None
        output = process.stdout.read()
    assert process.returncode != 0, output
    assert "did not hold to the end" in output
    assert "fault_held" not in kinds(tmp_path)
    assert journal_of(cluster).open() == ()


def test_a_hold_beyond_the_timer_is_refused_before_anything_is_done(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    code, output = ran(project_root() / "experiments/stop-proxy.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="200")
    assert code != 0, output
    assert "set GAUNTLET_DEAD_MAN_S above 230" in output
    assert "not everything could be healed" not in output
    assert not (tmp_path / "events.jsonl").exists()


def test_an_experiment_runs_alone_and_again(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    for _ in range(2):
        code, output = ran(project_root() / "experiments/kill-proxy.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="0.1")
        assert code == 0, output
    assert kinds(tmp_path).count("fault_heal_confirmed") == 2


def test_an_experiment_makes_and_removes_a_service_of_its_own(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    code, output = ran(project_root() / "experiments/stop-proxy.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="0.1")
    assert code == 0, output
    assert "endpoint_changed" in kinds(tmp_path)


def test_a_fault_for_another_mode_ends_the_experiment(sandboxes: Sandboxes, tmp_path: Path) -> None:
    code, output = ran(project_root() / "experiments/flush-nat.yaml", sandboxes(ProxyMode.NFTABLES), tmp_path)
    assert code != 0
    assert "flush-nat does not fit" in output
    assert not (tmp_path / "events.jsonl").exists()


def test_a_kubeconfig_that_leads_nowhere_ends_the_experiment(sandboxes: Sandboxes, tmp_path: Path) -> None:
    code, output = ran(
        project_root() / "experiments/kill-proxy.yaml",
        sandboxes(ProxyMode.NFTABLES),
        tmp_path,
        KUBECONFIG=str(tmp_path / "nothing"),
    )
    assert code != 0
    assert "there is no kubeconfig" in output
    assert "healed" not in output


def test_a_service_that_is_not_there_ends_the_experiment(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """Also one of an experiment that does nothing to a Service: it asks this one before and afterwards."""
    kill, cluster = project_root() / "experiments/kill-proxy.yaml", sandboxes(ProxyMode.NFTABLES)
    code, output = ran(kill, cluster, tmp_path, GAUNTLET_SERVICE="default/nobody")
    assert code != 0
    assert "there is no Service default/nobody" in output
    assert "healed" not in output
    assert not (tmp_path / "events.jsonl").exists()


def test_an_experiment_alone_ends_with_the_outage_that_was_seen(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.IPTABLES)
    code, output = ran(project_root() / "experiments/flush-nat.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="2")
    assert code == 0, output
    assert re.search(
        r"fault landed: nat holds no rule of kube-proxy; \d+ rules of iptables and \d+ of ip6tables before", output
    ), output
    assert re.search(
        r"outage of default/kubernetes from \S+: \d+\.\d s \(\+/- \d+\.\d s\), from 0\.\d s after the injection; "
        r"\d+ of \d+ connections were hurt \(\d+ timeout",
        output,
    ), output
    code, output = ran(project_root() / "experiments/kill-proxy.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="0.5")
    assert code == 0, output
    assert re.search(r"no outage: default/kubernetes from \S+ answered all \d+ connections", output), output


@pytest.mark.parametrize(
    ("prefix", "number"),
    [((), signal.SIGINT), (IN_THE_BACKGROUND, signal.SIGINT), (IN_THE_BACKGROUND, signal.SIGTERM)],
    ids=["ctrl-c", "background-int", "background-term"],
)
def test_an_end_from_outside_leaves_nothing_injected(
    sandboxes: Sandboxes, tmp_path: Path, prefix: tuple[str, ...], number: signal.Signals
) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    with command(
        project_root() / "experiments/partition-nodes.yaml", cluster, tmp_path, *prefix, GAUNTLET_HOLD_S="60"
    ) as process:
        until(lambda: "fault_landed" in kinds(tmp_path), what="the fault has landed", deadline_s=60)
        process.send_signal(number)
        assert process.stdout is not None
        output = process.stdout.read()
    assert process.returncode != 0, output
    assert kinds(tmp_path)[-1] == "fault_heal_confirmed", output
    assert journal_of(cluster).open() == ()


def test_a_failed_step_ends_the_experiment_and_heals(
    sandboxes: Sandboxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port is taken twice: the second listener cannot land, and what follows must not run."""
    cluster = sandboxes(ProxyMode.IPTABLES)
    shutil.copytree(project_root() / "experiments", tmp_path / "experiments")
    monkeypatch.setattr(experiments, "project_root", lambda: tmp_path)
    first = faults.create("port-taken", cluster)
    first.inject()
    # As if by somebody else: what the journal holds open is healed before an experiment begins.
    journal_of(cluster).write(replace(journal_of(cluster).open()[0], state=State.CONFIRMED))
    found = experiments.run("port-taken-after", cluster, events=tmp_path / "events.jsonl", variables={"hold_s": 0.1})
    assert found.status == "interrupted"
    assert "is not held by process" in found.finding().reason
    assert found.finding().verdict == "inconclusive"
    assert kinds(tmp_path)[-2:] == ["fault_healed", "fault_heal_confirmed"]
    assert first.landed()
    first.heal()
    first.healed()
    assert journal_of(cluster).open() == ()


def test_what_ends_an_experiment_before_its_method_is_told(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """Chaos Toolkit's journal knows neither step nor reason then, as after Ctrl-C."""
    found = experiments.run(
        "kill-proxy", sandboxes(ProxyMode.IPTABLES), events=tmp_path / "events.jsonl", node="node-9"
    )
    assert found.status == "interrupted"
    assert "node-9" in found.finding().reason
    assert found.finding().verdict == "inconclusive"


def test_an_unknown_experiment_lists_the_known_ones(sandboxes: Sandboxes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no experiment 'earthquake'") as refused:
        experiments.run("earthquake", sandboxes(ProxyMode.IPTABLES), events=tmp_path / "events.jsonl")
    assert "kill-proxy" in refused.value.remedy


def test_a_wrong_configuration_names_the_key() -> None:
    with pytest.raises(UsageError, match="service"):
        target_of({"kubeconfig": "/nowhere", "service": "no-namespace"})
    with pytest.raises(UsageError, match="kubeconfig"):
        target_of({})


def test_replacement_is_the_same_for_everyone() -> None:
    assert replacement(frozenset({"backend-1", "backend-3", "backend-2"})) == ("backend-3", "backend-3-new")
