"""The scenarios of the faults, and the files of experiments/ that are rendered from them. No cluster is needed."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gauntlet.faults import FAULTS, chaos
from gauntlet.faults.chaos import rendering
from gauntlet.faults.flush_nat import FlushNat
from gauntlet.faults.journalled import JournalledFault
from gauntlet.faults.registry import discover, scenarios_without_a_case
from gauntlet.faults.scenario import PREPARE, ByItself, Scenario
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.paths import project_root

EXPERIMENTS = project_root() / "experiments"
SCENARIOS = [(fault, scenario) for fault in FAULTS.values() for scenario in fault.scenarios]
EVERY = pytest.mark.parametrize(("fault", "scenario"), SCENARIOS, ids=[scenario.name for _, scenario in SCENARIOS])


def named_in(file: Path) -> set[str]:
    """What the classes of a file say is their `name`, read without importing it."""
    classes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
    said = [line for each in classes for line in each.body if isinstance(line, ast.AnnAssign)]
    return {ast.literal_eval(each.value) for each in said if each.value and ast.unparse(each.target) == "name"}


def test_every_fault_of_the_folder_is_found() -> None:
    written = {name for file in (project_root() / "gauntlet/faults").glob("*.py") for name in named_in(file)}
    assert len(written) >= 22
    assert set(FAULTS) == written
    assert list(FAULTS) == sorted(FAULTS)


def test_two_faults_of_one_name_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "twice"
    package.mkdir()
    (package / "__init__.py").touch()
    for each in ("one", "other"):
        (package / f"{each}.py").write_text(
            "from gauntlet.faults.node_fault import NodeFault\nclass Mine(NodeFault):\n    name = 'mine'\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RuntimeError, match=r"twice\.other and twice\.one both have mine"):
        discover("twice")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_says_once_how_far_it_reaches_in_each_mode(name: str) -> None:
    assert set(FAULTS[name].radius) == set(ProxyMode)


def test_every_fault_has_a_scenario_and_no_two_have_one_name() -> None:
    names = [scenario.name for _, scenario in SCENARIOS]
    assert len(names) == len(set(names))
    assert all(fault.scenarios for fault in FAULTS.values())


def test_the_files_are_what_is_rendered() -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in EXPERIMENTS.iterdir()}
    assert found == rendering.every(), "make render"


@EVERY
def test_a_scenario_shows_that_its_fault_holds_right_before_it_ends(
    fault: type[JournalledFault], scenario: Scenario
) -> None:
    method = [step.function for step in scenario.method(fault.name)]
    shown = method.index("over_by_itself" if isinstance(scenario.remedy, ByItself) else "held")
    assert method.index("inject") < method.index("landed") < shown
    assert method[shown + 1] in ("heal", "restart_proxy")
    assert scenario.method(fault.name)[shown].pause_s == ""


@EVERY
def test_a_scenario_calls_what_there_is(fault: type[JournalledFault], scenario: Scenario) -> None:
    steps = (*scenario.method(fault.name), *scenario.rollbacks(fault.name))
    assert {step.function for step in steps} <= set(chaos.__all__)
    assert set(scenario.parameters) <= set(fault.parameters.model_fields)


@EVERY
def test_what_a_scenario_makes_it_takes_back(fault: type[JournalledFault], scenario: Scenario) -> None:
    made = {step.function for step in scenario.method(fault.name)}
    taken = {step.function for step in scenario.rollbacks(fault.name)}
    assert ("prepare" in made) == ("remove" in taken)
    assert ("expose" in made) == ("unexpose" in taken)
    # Whatever acts on the Service has one of its own by default.
    assert {"replace_endpoint", "expose"}.isdisjoint(made) or PREPARE in scenario.beforehand


@pytest.mark.parametrize("title", ["a: b", "100 %", "#1", 'it\'s "so"', "yes", "- x", "{a}", "é", "long " * 60 + "end"])
def test_any_title_is_the_title_of_the_file(title: str) -> None:
    odd = replace(FlushNat.scenarios[0], title=title, description=f"x {title}")
    read = yaml.safe_load(rendering.render(FlushNat, odd))
    assert read["title"] == title
    assert read["description"].split() == f"x {title}".split()


def test_rendering_again_changes_nothing_and_spares_what_somebody_wrote(tmp_path: Path) -> None:
    assert set(rendering.write(tmp_path)) == set(rendering.every())
    (tmp_path / "mine.yaml").write_text("title: mine\n")
    (tmp_path / "gone.yaml").write_text((tmp_path / "flush-nat.yaml").read_text())
    (tmp_path / "kill-proxy.yaml").write_text("title: changed by hand\n")
    assert rendering.write(tmp_path) == ("gone.yaml", "kill-proxy.yaml")
    assert rendering.write(tmp_path) == ()
    assert {path.name for path in tmp_path.iterdir()} == {"mine.yaml", *rendering.every()}


def test_a_scenario_that_no_suite_names_is_run_by_the_case_for_all_others(tmp_path: Path) -> None:
    every = sorted(scenario.name for _, scenario in SCENARIOS)
    assert scenarios_without_a_case(tmp_path) == tuple(every)
    (tmp_path / "test_mine.py").write_text("def test_it(experiment):\n    experiment.run('flush-nat')\n")
    assert scenarios_without_a_case(tmp_path) == tuple(name for name in every if name != "flush-nat")


def test_what_changes_its_service_meanwhile_has_a_case_of_its_own() -> None:
    """The case for all others neither knows which backend is to be gone, nor sends traffic to what is exposed."""
    changing = {
        scenario.name
        for fault, scenario in SCENARIOS
        if {"replace_endpoint", "expose"} & {step.function for step in scenario.method(fault.name)}
    }
    assert changing
    assert changing.isdisjoint(scenarios_without_a_case(project_root() / "suites/chaos"))
