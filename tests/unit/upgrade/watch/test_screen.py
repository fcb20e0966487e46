"""The live view of a watch: on a terminal of any size, who fares badly is on it."""

from __future__ import annotations

import pytest
from rich.console import Console

from gauntlet.upgrade.watch.screen import together, view, worst
from gauntlet.upgrade.watch.tally import Count

WHAT = "waiting for rest: DaemonSet kube-proxy: 2 of 3 pods are of its newest template, 2 are ready"


def client(number: int, good_now: int = 100, made: int = 1_234_567, failed: int = 0) -> Count:
    node = f"ip-10-0-12-{number}.eu-central-1.compute.internal"
    return Count(f"kp-watch-1a2b3c/client-{number}", made, made - failed, 100, good_now, node)


def drawn(counts: list[Count], width: int = 80, height: int = 24) -> list[str]:
    console = Console(width=width, height=height, force_terminal=False)
    with console.capture() as capture:
        console.print(view(WHAT, counts, console))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 24), (132, 50), (80, 12)])
def test_who_fares_badly_is_on_the_screen_however_many_there_are(width: int, height: int) -> None:
    lines = drawn([*map(client, range(60)), client(99, good_now=37, failed=63)], width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    assert any("37.0%" in line and " 63 " in line for line in lines)
    assert "more" in lines[-2]
    # No figure is cut short.
    assert any(f" {1_234_567:,} " in line for line in lines)


def test_if_all_of_them_fit_all_are_there_in_their_order() -> None:
    lines = drawn([client(2, good_now=50), client(1), Count("node-1", 10, 10, 10, 10, "node-1")])
    named = [line.split()[1] for line in lines if line.startswith("│")]
    assert named == ["client-2", "client-1", "node-1"]
    # Once is enough for a client in the network of a node.
    assert sum(line.count("node-1") for line in lines) == 1
    assert "kp-watch" not in "".join(lines)


def test_a_narrow_terminal_has_a_line() -> None:
    text = " ".join(" ".join(drawn([client(1), client(2, good_now=50)], width=50)).split())
    assert "2 clients, 2,469,134 attempts, 0 failed; now: client-2 50.0%" in text


def test_one_lost_among_thousands_is_not_all_of_them() -> None:
    lines = drawn([Count("client-1", 5000, 4999, 5000, 4999), Count("client-2", 5000, 5000, 5000, 5000)])
    assert [line.split()[-2] for line in lines if line.startswith("│")] == ["99.9%", "100.0%"]


def test_those_that_are_silent_come_after_those_that_lose_and_before_all_others() -> None:
    silent, losing, lost, fine = Count("a", 10, 10), client(1, 99), client(2, failed=4), client(3)
    counts = [fine, lost, silent, losing]
    assert worst(counts, 1) == (losing,)
    assert worst(counts, 2) == (silent, losing)
    assert worst(counts, 3) == (lost, silent, losing)
    assert worst(counts, 0) == ()


def test_the_others_are_counted_together() -> None:
    made = together([client(1, 50, 1000, 3), client(2, 100, 500, 1)])
    assert (made.client, made.made, made.failed, made.share_now) == ("2 more", 1500, 4, 0.75)
