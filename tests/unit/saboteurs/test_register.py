"""The register of saboteurs: each has a program, a deed, and cases that there are."""

from __future__ import annotations

import importlib

import pytest

from fixtures.catalogue_page import SUITES, cases
from gauntlet.ground.paths import project_root
from tests.saboteurs import links
from tests.saboteurs.register import all_saboteurs, part
from tests.saboteurs.register.saboteur import Saboteur

each_saboteur = pytest.mark.parametrize("saboteur", all_saboteurs().values(), ids=all_saboteurs())


@pytest.fixture(scope="module")
def known_cases() -> set[str]:
    folder = SUITES.relative_to(project_root())
    return {f"{folder}/{case.entry.file}::test_{case.entry.name}" for case in cases()}


def test_folders_are_those_of_the_register() -> None:
    assert links.found() == links.wanted(), "run `python -m tests.saboteurs.links`"


def test_every_deed_is_registered() -> None:
    kinds = {each.kind for each in all_saboteurs().values()}
    deeds = {f"{kind}-{bug}" for kind in kinds for bug in _deeds(kind)}
    assert deeds == all_saboteurs().keys()


@each_saboteur
def test_cases_are_known_and_each_mode_has_one_to_catch_it(saboteur: Saboteur, known_cases: set[str]) -> None:
    assert set(saboteur.chosen) <= known_cases
    assert {each.case.partition("[")[0] for each in saboteur.beside} <= set(saboteur.chosen)
    assert [mode for mode in saboteur.modes if not any(mode in each.modes for each in saboteur.catches)] == []


def test_parts_are_all_of_them_once() -> None:
    found = [each.name for number in range(1, 6) for each in part(number, 5)]
    assert sorted(found) == list(all_saboteurs())


def _deeds(kind: str) -> list[str]:
    return list(importlib.import_module(f"tests.saboteurs.transforms.{kind}").SABOTEURS)
