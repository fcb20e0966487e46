"""docs/catalogue.md: every case with its sentence and its source, and which of them answer to Kubernetes' own tests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from gauntlet.report.markdown import plain

_HEAD = """# Catalogue

What a Service must do, and the case that asks it. Generated from the cases themselves by `make catalogue`; not to be
edited. What a run found of each case in each subject is in its report.

*Declared* cases say what is there, step by step; the model (`gauntlet/semantics/`) says what each client must then see
at each frontend, and the gauntlet asks it, in both IP families. The others are ordinary test functions
([write a suite](write-a-suite.md)). *Needs* are features that a mode, a version or a place may lack: the case is then
skipped, with its reason (`gauntlet/promises/support.py`).
"""
_UPSTREAM = """## Kubernetes' own tests

The e2e tests of Services in Kubernetes {version} (`test/e2e/network`), each with the cases that would fail if the
behaviour broke, or the reason why none would. Titles say in our words what a test asks; the line is that of its `It`.
"""
VERSION = "1.37.2"


@dataclass(frozen=True)
class Entry:
    """One case. `file` is its path below suites/, `name` its function without `test_`; the rest is what it says."""

    file: str
    name: str
    topic: str
    sentence: str
    source: str
    upstream: tuple[str, ...]
    needs: tuple[str, ...]
    declared: bool

    @property
    def key(self) -> str:
        return f"{self.file}::{self.name}"


class UpstreamTest(BaseModel):
    """One test of Kubernetes' own. `cases` are ordinary ones that answer to it; declared ones say so themselves.

    `reason` says why no case does, `aside` why the test is not about kube-proxy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    line: int
    title: str
    cases: tuple[str, ...] = ()
    reason: str = ""
    aside: str = ""

    @property
    def name(self) -> str:
        """As declared cases name it."""
        return f"{self.file}: {self.title}"


_TESTS = TypeAdapter(tuple[UpstreamTest, ...])


def read_upstream(path: Path) -> tuple[UpstreamTest, ...]:
    return _TESTS.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))


def answering(test: UpstreamTest, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The cases that answer to a test of Kubernetes' own."""
    return tuple(each for each in entries if each.key in test.cases or test.name in each.upstream)


def markdown(entries: Sequence[Entry], upstream: Sequence[UpstreamTest]) -> str:
    return "\n".join((*_cases(entries), *_tests(entries, upstream)))


def _cases(entries: Sequence[Entry]) -> Iterator[str]:
    declared = sum(each.declared for each in entries)
    yield _HEAD
    yield f"{len(entries)} cases in each mode that has what they need, {declared} of them declared.\n"
    for file, of_file in itertools.groupby(entries, key=lambda each: each.file):
        there = tuple(of_file)
        yield f"## {there[0].topic}\n"
        yield f"[`{file}`](../suites/{file})\n"
        yield "| case | what it asks | source | needs |"
        yield "|---|---|---|---|"
        for each in there:
            name = each.name.replace("_", " ")
            words = (name if each.declared else f"{name} (ordinary)", each.sentence, each.source, ", ".join(each.needs))
            yield _row(*words)
        yield ""


def _tests(entries: Sequence[Entry], upstream: Sequence[UpstreamTest]) -> Iterator[str]:
    yield _UPSTREAM.format(version=VERSION)
    counted = Counter(_standing(each, entries) for each in upstream)
    yield f"{counted['answered']} answered, {counted['open']} not answered, {counted['aside']} not about kube-proxy.\n"
    yield "| file, line | test | our cases, or the reason for none |"
    yield "|---|---|---|"
    for test in upstream:
        names = ", ".join(each.name.replace("_", " ") for each in answering(test, entries))
        aside = f"(not about kube-proxy: {test.aside})" if test.aside else ""
        yield _row(f"{test.file} {test.line}", test.title, names or aside or f"none: {test.reason}")
    yield ""


def _standing(test: UpstreamTest, entries: Sequence[Entry]) -> str:
    if answering(test, entries):
        return "answered"
    return "aside" if test.aside else "open"


def _row(*cells: str) -> str:
    return f"| {' | '.join(map(plain, cells))} |"
