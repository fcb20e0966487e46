"""The files of experiments/: each is valid, has a promise, and runs alone, by `chaos run`, on any sandbox cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment

from gauntlet import faults, slo
from gauntlet.chaos import experiment as experiments
from gauntlet.chaos.service import replacement
from gauntlet.chaos.target import target_of
from gauntlet.cluster import Cluster, ProxyMode
from gauntlet.errors import UsageError
from gauntlet.history import EventLog
from gauntlet.journal import journal_of
from gauntlet.paths import project_root
from gauntlet.waiting import until
from tests.faults.conftest import Sandboxes

FILES = sorted((project_root() / "experiments").glob("*.yaml"))
CHAOS = Path(sys.executable).with_name("chaos")


def command(file: Path, cluster: Cluster, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """`chaos run FILE`, started in a folder of its own, as a user would."""
    return subprocess.Popen(
        [CHAOS, "--no-version-check", "run", file],
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
    assert {"heal", "healed"} <= {step["provider"]["func"] for step in document["rollbacks"]}
    assert document["controls"][0]["provider"]["module"] == "gauntlet.chaos.safety"
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


def test_ctrl_c_leaves_nothing_injected(sandboxes: Sandboxes, tmp_path: Path) -> None:
    cluster = sandboxes(ProxyMode.NFTABLES)
    with command(
        project_root() / "experiments/partition-nodes.yaml", cluster, tmp_path, GAUNTLET_HOLD_S="60"
    ) as process:
        until(lambda: "fault_landed" in kinds(tmp_path), what="the fault has landed", deadline_s=60)
        process.send_signal(signal.SIGINT)
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
