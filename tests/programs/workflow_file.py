"""The commands of GitHub's workflows, as its runner would read them: matrices and composite actions unfolded."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gauntlet.ground.paths import project_root

GITHUB = project_root() / ".github"
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


@dataclass(frozen=True)
class Command:
    """One line of a `run` step. `job` is the workflow's name and the job's."""

    job: str
    argv: tuple[str, ...]

    def arguments_of(self, *program: str) -> tuple[str, ...] | None:
        """What follows `program` (its file's name first), whatever runs it; None for another program's command."""
        names = tuple(Path(word).name for word in self.argv)
        for start in range(len(names)):
            if names[start : start + len(program)] == program:
                return self.argv[start + len(program) :]
        return None


def commands() -> tuple[Command, ...]:
    """All commands of all workflows."""
    found: list[Command] = []
    for path in sorted((GITHUB / "workflows").glob("*.yaml")):
        for name, job in _read(path)["jobs"].items():
            for values in _combinations(job.get("strategy", {}).get("matrix", {})):
                context = {f"matrix.{key}": value for key, value in values.items()}
                found += [Command(f"{path.stem}/{name}", argv) for argv in _steps(job["steps"], context)]
    return tuple(found)


def steps_of_action(name: str) -> tuple[tuple[str, ...], ...]:
    """The commands of a composite action."""
    return tuple(_steps(_read(GITHUB / "actions" / name / "action.yaml")["runs"]["steps"], {}))


def _combinations(matrix: Mapping[str, Any]) -> list[dict[str, str]]:
    """The jobs that a matrix makes: the product of its lists, or what it includes (we use no mixture of both)."""
    included = matrix.get("include", [])
    assert not (included and len(matrix) > 1), "this test reads no matrix that has both lists and `include`"
    lists = {key: values for key, values in matrix.items() if key != "include"}
    return included or [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def _steps(steps: list[dict[str, Any]], context: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for step in steps:
        action = step.get("uses", "")
        if action.startswith("./.github/actions/"):
            given = {f"inputs.{key}": _fill(value, context) for key, value in step.get("with", {}).items()}
            yield from _steps(_read(project_root() / action / "action.yaml")["runs"]["steps"], given)
        variables = {key: _fill(value, context) for key, value in step.get("env", {}).items()}
        script = _fill(step.get("run", ""), context)
        for key, value in variables.items():
            script = script.replace(f"${key}", value)
        for line in script.splitlines():
            yield tuple(shlex.split(line))


def _fill(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: context.get(found[1], found[0]), text)


def _read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content
