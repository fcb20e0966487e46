"""The commands of GitHub's workflows, as its runner would read them: matrices and composite actions unfolded."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gauntlet.ground.paths import project_root

GITHUB = project_root() / ".github"
_Step = dict[str, Any]
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


@dataclass(frozen=True)
class Upload:
    """What a step keeps of the checkout. `job` is the workflow's name and the job's, `patterns` are globs."""

    job: str
    patterns: tuple[str, ...]

    def files(self, checkout: Path) -> list[Path]:
        """The files that GitHub finds by the patterns: a folder stands for all below it, and links are followed."""
        found = (path for pattern in self.patterns for path in checkout.glob(pattern))
        return [Path(at, name) for path in found for at, names in _below(path) for name in names]


def commands() -> tuple[Command, ...]:
    """All commands of all workflows."""
    return tuple(Command(job, argv) for job, step, context in _steps_of_jobs() for argv in _argvs(step, context))


def uploads() -> tuple[Upload, ...]:
    """What all workflows upload."""
    found = {
        (job, step["with"]["path"])
        for job, step, _ in _steps_of_jobs()
        if step.get("uses", "").startswith("actions/upload-artifact@")
    }
    return tuple(Upload(job, tuple(text.split())) for job, text in sorted(found))


def steps_of_action(name: str) -> tuple[tuple[str, ...], ...]:
    """The commands of a composite action."""
    steps = _read(GITHUB / "actions" / name / "action.yaml")["runs"]["steps"]
    return tuple(argv for step, context in _unfolded(steps, {}) for argv in _argvs(step, context))


def _below(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder of a path with the names of its files."""
    if path.is_file():
        yield str(path.parent), [path.name]
    for at, _, names in os.walk(path, followlinks=True):
        yield at, names


def _steps_of_jobs() -> Iterator[tuple[str, _Step, Mapping[str, str]]]:
    """The steps of all jobs, once for each combination of a matrix, with what expressions in them stand for."""
    for path in sorted((GITHUB / "workflows").glob("*.yaml")):
        for name, job in _read(path)["jobs"].items():
            for values in _combinations(job.get("strategy", {}).get("matrix", {})):
                context = {f"matrix.{key}": value for key, value in values.items()}
                for step, known in _unfolded(job["steps"], context):
                    yield f"{path.stem}/{name}", step, known


def _combinations(matrix: Mapping[str, Any]) -> list[dict[str, str]]:
    """The jobs that a matrix makes: the product of its lists, or what it includes (we use no mixture of both)."""
    included = matrix.get("include", [])
    assert not (included and len(matrix) > 1), "this test reads no matrix that has both lists and `include`"
    lists = {key: values for key, values in matrix.items() if key != "include"}
    return included or [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def _unfolded(steps: list[_Step], context: Mapping[str, str]) -> Iterator[tuple[_Step, Mapping[str, str]]]:
    """Each step, those of our own composite actions in the place of what uses them."""
    for step in steps:
        action = step.get("uses", "")
        if action.startswith("./.github/actions/"):
            given = {f"inputs.{key}": _fill(value, context) for key, value in step.get("with", {}).items()}
            yield from _unfolded(_read(project_root() / action / "action.yaml")["runs"]["steps"], given)
        else:
            yield step, context


def _argvs(step: _Step, context: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    script = _fill(step.get("run", ""), context)
    for key, value in step.get("env", {}).items():
        script = script.replace(f"${key}", _fill(value, context))
    for line in script.splitlines():
        yield tuple(shlex.split(line))


def _fill(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: context.get(found[1], found[0]), text)


def _read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content
