"""What hunts came to, on docs/saboteurs.md."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs import hunts, page
from tests.saboteurs.hunts import HUNTED, HUNTS, Prey
from tests.saboteurs.register import all_saboteurs

FOUND = Prey(HUNTED[0], ProxyMode.NFTABLES, "2 sequences in 20 s", 12.0, ("1. Service s0: deleted",))
ROW = f"| nftables | {HUNTED[0]} | 2 sequences in 20 s | 1. Service s0: deleted | 2026-11-30, abc1234 |"


def test_hunted_are_saboteurs_of_different_classes() -> None:
    assert len({all_saboteurs()[name].kind for name in HUNTED}) == len(HUNTED) == 3


def test_a_row_says_what_was_tried_and_the_steps() -> None:
    assert hunts.row(FOUND, "2026-11-30, abc1234") == ROW


def test_what_was_not_found_or_is_long_is_said() -> None:
    missed = Prey(HUNTED[0], ProxyMode.NFTABLES, trouble="the run ended with 0")
    long = Prey(HUNTED[0], ProxyMode.NFTABLES, "x", 61.0, ("1. a", "2. b", "3. c", "4. d"))
    assert (missed.complaints, long.complaints) == (
        ("the run ended with 0",),
        ("it was found after 61 s, and should be within 60 s", "4 steps are more than 3"),
    )
    assert hunts.row(missed, "today") == f"| nftables | {HUNTED[0]} | - | **not found** | today |"
    assert "**not found**" in hunts.row(long, "today")


def test_rows_stay_until_they_are_found_anew() -> None:
    first = page.markdown({}, "", [], [ROW])
    assert list(hunts.rows(first)) == [
        ROW if (saboteur, mode) == (FOUND.saboteur, FOUND.mode) else f"| {mode} | {saboteur} | not run | - | - |"
        for saboteur, mode in HUNTS
    ]
    assert page.markdown({}, first, []) == first
    again = ROW.replace("20 s", "30 s")
    assert page.markdown({}, first, [], [again]) == first.replace(ROW, again)
