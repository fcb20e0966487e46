"""Saboteurs in kube-proxy's PATH turn the real suites red, by the right name and nothing else: a tenth a day.

`make saboteurs` tries them all; what each has to be caught by is in tests/saboteurs/register/. `make hunt` has the
state machine find three of them by itself: here it finds one in one mode a day.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs.hunting import hunt
from tests.saboteurs.hunts import HUNTS
from tests.saboteurs.register import part
from tests.saboteurs.register.saboteur import Saboteur
from tests.saboteurs.trial import trial

PARTS = 10
TODAY = datetime.datetime.now(datetime.UTC).timetuple().tm_yday


@pytest.mark.parametrize("saboteur", part(TODAY % PARTS + 1, PARTS), ids=lambda each: each.name)
def test_saboteur_is_caught_as_declared(saboteur: Saboteur, tmp_path: Path) -> None:
    complaints = {judged.subject: judged.complaints for judged in trial(saboteur, tmp_path / "run")}
    assert complaints == dict.fromkeys(saboteur.modes, ())


@pytest.mark.parametrize(("saboteur", "mode"), [HUNTS[TODAY % len(HUNTS)]])
def test_the_state_machine_finds_a_saboteur_by_itself(saboteur: str, mode: ProxyMode, tmp_path: Path) -> None:
    prey = hunt(saboteur, mode, tmp_path / "run")
    assert prey.complaints == ()
    assert prey.steps
