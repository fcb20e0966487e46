"""slos/upgrade.yaml and slos/accepted.yaml: what they hold, and what is wrong with those that do not fit."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root
from gauntlet.promises import accepted, slo, upgrade
from gauntlet.promises.slo_files import read_all

SLOS = project_root() / "slos"
ONE = """\
accepted:
  - check: outage
    phase: roll-forward
    reason: known, ticket 4711
    until: "2027-01-31"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SLOS, tmp_path / "slos")


def refused(folder: Path) -> str:
    """What is said of a folder; a run of any kind says it, before it changes anything."""
    with pytest.raises(UsageError) as caught:
        slo.load(folder)
    assert caught.value.remedy
    return str(caught.value)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_is_promised_unless_a_team_says_otherwise() -> None:
    terms = upgrade.load(SLOS)
    assert (terms.slo.roll.outage_s, terms.slo.roll.availability, terms.slo.left_behind) == (0, 1.0, 0)
    assert accepted.read([read_all(SLOS)]) == ()


def test_changes_are_laid_over_field_by_field(folder: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "upgrade.yaml").write_text("roll:\n  outage_s: 2.5\n  udp_flows_moved: null\n")
    terms = upgrade.load(SLOS, ours)
    assert (terms.slo.roll.outage_s, terms.slo.roll.udp_flows_moved, terms.slo.roll.connections_cut) == (2.5, None, 0)
    assert terms.field("roll.outage_s") == f"roll.outage_s: 2.5 ({ours / 'upgrade.yaml'}:2)"
    assert terms.field("roll.connections_cut").startswith("roll.connections_cut: 0 (slos/upgrade.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  outage_s: 0 ", "  outage_s: -1 ", "`roll.outage_s` is -1"),
        ("  outage_s: 0 ", "  outages_s: 0 ", "unknown field `roll.outages_s`"),
        ("  hold_s: 2 ", "  hold_s: 0 ", "`roll.hold_s` is 0"),
        ("  availability: 1.0 ", "  availability: 1.5 ", "`roll.availability` is 1.5"),
        ("  duration: 1.5 ", "  duration: 0.5 ", "`worse.duration` is 0.5"),
        ("  false_alarm: 1.0e-3 ", "  false_alarm: 0.5 ", "`worse.false_alarm` is 0.5"),
        ("  connections_cut: 0 ", "  connections_cut: some ", "`roll.connections_cut` is 'some'"),
        ("left_behind: 0 ", "left_behind: null ", "`left_behind` is None"),
        ("left_behind: 0 ", "left_behind: 0\nleft_behind: 1", "given twice"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_line(folder: Path, old: str, new: str, said: str) -> None:
    file = folder / "upgrade.yaml"
    change(file, old, new)
    text = refused(folder)
    assert said in text
    assert f"{file}:" in text


def test_a_field_that_is_missing_is_named(folder: Path) -> None:
    change(folder / "upgrade.yaml", "  seconds: 1.5\n", "")
    assert "the field `worse.seconds` is missing" in refused(folder)
    change(folder / "upgrade.yaml", "left_behind: 0 ", "#")
    assert "missing" in refused(folder)


@pytest.mark.parametrize("name", ["programming", "balance", "throughput"])
def test_what_nothing_would_keep_cannot_be_promised(folder: Path, name: str) -> None:
    change(folder / "upgrade.yaml", "worse: ", f"worse:\n  {name}: 2 ")
    assert f"unknown field `worse.{name}`" in refused(folder)


def test_a_folder_without_the_file_serves_runs_but_no_upgrade(folder: Path) -> None:
    (folder / "upgrade.yaml").unlink()
    slo.load(folder)
    with pytest.raises(UsageError, match=r"upgrade\.yaml is missing"):
        upgrade.load(folder)


def test_what_is_accepted_adds_up(folder: Path, tmp_path: Path) -> None:
    (folder / "accepted.yaml").write_text(ONE)
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "accepted.yaml").write_text(ONE.replace("outage", "ready"))
    slo.load(folder, ours)
    first, second = accepted.read([read_all(folder), read_all(ours)])
    assert (first.check, first.phase, first.until, second.check) == (
        "outage",
        "roll-forward",
        date(2027, 1, 31),
        "ready",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    reason: known, ticket 4711\n", "", ":2: the field `accepted.0.reason` is missing"),
        ("known, ticket 4711", '""', ":4: `accepted.0.reason` is ''"),
        ('    until: "2027-01-31"\n', "", ":2: the field `accepted.0.until` is missing"),
        ('"2027-01-31"', '"for ever"', ":5: `accepted.0.until` is 'for ever'"),
        ('"2027-01-31"', "2027-01-31", "a date is not allowed here"),
        ("phase:", "phases:", ":3: unknown field `accepted.0.phases`"),
        ("accepted:", "excepted:", ":1: unknown field `excepted`"),
    ],
)
def test_an_acceptance_without_a_reason_or_an_end_is_refused(folder: Path, old: str, new: str, said: str) -> None:
    (folder / "accepted.yaml").write_text(ONE.replace(old, new))
    assert said in refused(folder)


def test_an_acceptance_is_of_what_it_names() -> None:
    one = accepted.Acceptance(check="outage", phase="roll-forward", reason="known", until=date(2027, 1, 31))
    mine = {"check": "outage", "case": "c", "phase": "roll-forward", "subject": "s"}
    assert one.covers(**mine)
    assert not one.covers(**mine | {"phase": "roll-back"})
    assert not one.covers(**mine | {"check": "ready"})
    assert one.covers(**mine | {"check": "outage: new TCP"})
    assert not one.covers(**mine | {"check": "outages: new TCP"})
    narrow = one.model_copy(update={"check": "affinity-broken: sticky"})
    assert narrow.covers(**mine | {"check": "affinity-broken: kp-upgrade-d8884a/sticky"})
    assert not narrow.covers(**mine | {"check": "affinity-broken: kp-upgrade-d8884a/other"})
    assert not narrow.covers(**mine | {"check": "affinity-broken"})
    assert (one.holds(date(2027, 1, 31)), one.holds(date(2027, 2, 1))) == (True, False)
