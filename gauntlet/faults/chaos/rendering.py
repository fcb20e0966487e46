"""Renders the files of experiments/ from the scenarios of the faults: `python -m gauntlet.faults.chaos.rendering`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from gauntlet.faults.chaos.target import PROBE_SERVICE
from gauntlet.faults.journalled import JournalledFault
from gauntlet.faults.registry import DEAD_MAN_S, FAULTS
from gauntlet.faults.scenario import SERVICE_VARIABLE, ByItself, Scenario
from gauntlet.ground.paths import project_root
from gauntlet.proxy.health import EVERYWHERE

_WIDTH = 116
_HEADER = "# Rendered from "
# The types of variables that Chaos Toolkit converts; what is left out stays a string.
_CONVERTED = {int: "int", float: "float"}


@dataclass(frozen=True)
class Variable:
    """A variable of an experiment's configuration, which a user can set by its environment variable."""

    name: str
    key: str
    default: str | float

    @property
    def setting(self) -> dict[str, str | float]:
        """In the words of Chaos Toolkit."""
        converted = _CONVERTED.get(type(self.default))
        kind: dict[str, str | float] = {} if converted is None else {"env_var_type": converted}
        default = self.default
        whole = isinstance(default, float) and default.is_integer()
        return {"type": "env", "key": self.key, **kind, "default": int(default) if whole else default}


def render(fault: type[JournalledFault], scenario: Scenario) -> str:
    """The experiment file of one scenario."""
    templates = Environment(
        loader=PackageLoader("gauntlet.faults.chaos"),
        autoescape=False,  # noqa: S701 - it is YAML, and its strings are quoted by PyYAML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters.update(scalar=_scalar, flow=_flow)
    return templates.get_template("experiment.yaml.j2").render(
        header=f"{_HEADER}{fault.__module__.replace('.', '/')}.py by `make render`: change it there.",
        scenario=scenario,
        description=textwrap.wrap(scenario.description, _WIDTH, break_long_words=False, break_on_hyphens=False),
        variables=list(_variables(fault, scenario)),
        method=scenario.method(fault.name),
        rollbacks=scenario.rollbacks(fault.name),
        own_service=PROBE_SERVICE,
        everywhere=EVERYWHERE,
        dead_man_s=f"{DEAD_MAN_S:g}",
    )


def every() -> Mapping[str, str]:
    """The name of each file of experiments/ and its text."""
    return {
        f"{scenario.name}.yaml": render(fault, scenario) for fault in FAULTS.values() for scenario in fault.scenarios
    }


def write(folder: Path) -> tuple[str, ...]:
    """Write all files into the folder; the names of what changed.

    Deletes what was rendered from a scenario that is gone. An experiment that somebody wrote stays.
    """
    files = every()
    others = (path for path in folder.glob("*.yaml") if path.name not in files)
    gone = [path for path in others if path.read_text(encoding="utf-8").startswith(_HEADER)]
    changed = [name for name, text in files.items() if not _holds(folder / name, text)]
    for path in gone:
        path.unlink()
    for name in changed:
        (folder / name).write_text(files[name], encoding="utf-8")
    return tuple(sorted([*changed, *(path.name for path in gone)]))


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _variables(fault: type[JournalledFault], scenario: Scenario) -> Iterator[Variable]:
    """What a user can set beside node, Service, events and timer: how long it takes, and parameters of the fault."""
    if isinstance(scenario.remedy, ByItself):
        yield Variable("within_s", "GAUNTLET_WITHIN_S", float(scenario.remedy.within_s))
    else:
        yield Variable("hold_s", "GAUNTLET_HOLD_S", float(scenario.remedy.hold_s))
    for name, key in scenario.parameters.items():
        if key != SERVICE_VARIABLE:
            yield Variable(name, key, fault.parameters.model_fields[name].default)


def _scalar(value: str | float) -> str:
    """A value as YAML has it in a line of its own, with quotes only if a string needs them."""
    return yaml.safe_dump(value, width=float("inf"), allow_unicode=True).removesuffix("\n").removesuffix("\n...")


def _flow(value: str | float | Mapping[str, str | float]) -> str:
    """A value in one line; strings with a variable in quotes, as YAML has them within braces."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(each)}' for key, each in value.items())}}}"
    return f'"{value}"' if isinstance(value, str) and "$" in value else _scalar(value)


if __name__ == "__main__":
    for changed in write(project_root() / "experiments"):
        print(changed)  # noqa: T201 - it is a command
