"""When the sync that made what shows is over, told from kube-proxy's metrics."""

from __future__ import annotations

import math
import subprocess
from dataclasses import replace

import pytest

from gauntlet.proxy.metrics import ProxyMetrics, SyncTimes
from gauntlet.proxy.sync_progress import IS_WRITTEN, Rest, SyncProgress, at_rest

LONGEST_S = 4.0
Seen = tuple[float, int, int, int]  # seconds, syncs that ended so far, changes that were heard of, and are pending


def said(syncs: int, heard: int, pending: int) -> ProxyMetrics:
    return ProxyMetrics(syncs, 0.0, 0, 0.0, heard=heard, pending=pending, longest_sync_s=LONGEST_S)


def over(*seen: Seen) -> list[bool]:
    """Whether every sync was over that may have begun, after each look."""
    progress, found = SyncProgress(), []
    for at_s, syncs, heard, pending in seen:
        progress.see(said(syncs, heard, pending), at_s)
        found.append(progress.is_over)
    return found


@pytest.mark.parametrize(
    ("case", "seen", "expected"),
    [
        ("taken by the sync at work", [(0, 7, 5, 0), (1, 7, 5, 0), (2, 8, 5, 0)], [False, False, True]),
        (
            "come in the middle of a sync: its end is not enough",
            [(0, 7, 5, 1), (1, 8, 5, 0), (2, 8, 5, 0), (3, 9, 5, 0)],
            [False, False, False, True],
        ),
        (
            "the end of the one and the beginning of the other between two looks",
            [(0, 7, 5, 1), (1, 7, 5, 1), (2, 8, 5, 0), (3, 9, 5, 0)],
            [False, False, False, True],
        ),
        (
            "one more is pending, which no sync has taken yet",
            [(0, 7, 5, 0), (1, 8, 6, 1), (2, 9, 6, 0), (3, 10, 6, 0)],
            [False, True, False, True],
        ),
        (
            "two more of which one is pending: a sync may have taken the other",
            [(0, 7, 5, 0), (1, 8, 5, 0), (2, 8, 7, 1), (3, 9, 7, 1)],
            [False, True, False, True],
        ),
        (
            "come at the end of a sync, and taken by the next one between two looks",
            [(0, 7, 5, 0), (1, 8, 6, 0), (2, 8, 6, 0), (3, 9, 6, 0)],
            [False, False, False, True],
        ),
        ("over before anyone looked", [(0, 7, 5, 0), (4, 7, 5, 0), (4.1, 7, 5, 0)], [False, False, True]),
        ("none is at work, though a change is pending", [(0, 7, 5, 1), (100, 7, 5, 1)], [False, True]),
        ("no sync yet", [(0, 0, 5, 0), (100, 0, 5, 0)], [False, False]),
        ("stays over", [(0, 7, 5, 0), (1, 8, 5, 0), (100, 8, 5, 0)], [False, True, True]),
        ("another kube-proxy", [(0, 7, 5, 0), (1, 8, 5, 0), (2, 1, 5, 0), (3, 2, 5, 0)], [False, True, False, True]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_progress(case: str, seen: list[Seen], expected: list[bool]) -> None:
    assert over(*seen) == expected


def test_syncs_that_begin_once_all_shows_do_not_count() -> None:
    progress = SyncProgress()
    for at_s, syncs, heard, pending in ((0, 7, 5, 0), (1, 7, 6, 1), (2, 8, 6, 0)):
        progress.see(said(syncs, heard, pending), at_s)
    progress.shown()
    assert not progress.is_over
    progress.see(said(9, 7, 1), 3)
    assert progress.is_over
    progress.see(said(9, 7, 0), 4)
    assert progress.is_over


def test_the_sync_at_work_counts_while_others_are_pending() -> None:
    progress = SyncProgress()
    progress.see(said(7, 5, 2), 0)
    progress.shown()
    assert not progress.is_over
    progress.see(said(8, 5, 0), 1)
    assert progress.is_over


@pytest.mark.parametrize(
    ("case", "queued_at_s", "synced_at_s", "pending", "expected"),
    [
        ("asked for long before the last sync ended", 80.0, 90.0, 0, True),
        ("never asked for anything", 0.0, 90.0, 0, True),
        ("asked for, and no sync has ended since", 98.0, 90.0, 0, False),
        ("asked for, and not taken by a sync", 80.0, 90.0, 1, False),
        ("the sync that ended may have begun before", 96.0, 98.0, 0, False),
        ("whatever began since has ended", 92.0, 94.9, 0, True),
        ("what began since, a second later, may be at work", 92.0, 95.0, 0, False),
    ],
)
def test_a_proxy_at_rest_has_taken_up_all(
    case: str, queued_at_s: float, synced_at_s: float, pending: int, *, expected: bool
) -> None:
    seen = ProxyMetrics(
        7,
        0.0,
        0,
        0.0,
        families=(SyncTimes(synced_at_s, queued_at_s),),
        heard=5,
        pending=pending,
        longest_sync_s=LONGEST_S,
        at_s=100.0,
    )
    assert at_rest(seen) is expected, case
    other = SyncTimes(synced_at_s=90.0, queued_at_s=80.0)
    assert at_rest(replace(seen, families=(other, *seen.families))) is expected, f"{case}, in the second family"
    assert not at_rest(replace(seen, syncs=0)), "a proxy that has not synced yet"


def looked_at(*looks: tuple[float, float, int, int]) -> list[bool]:
    """Whether a kube-proxy whose longest sync no bucket holds is at rest, after each look.

    A look: when the rules were last written, when that was last asked for, changes heard of, changes pending.
    """
    rest = Rest()
    return [
        rest.see(
            ProxyMetrics(
                9, 0.0, 0, 0.0, heard=heard, pending=pending, longest_sync_s=math.inf, families=(SyncTimes(at, asked),)
            )
        )
        for at, asked, heard, pending in looks
    ]


@pytest.mark.parametrize(
    ("case", "looks", "expected"),
    [
        ("two syncs ended since", [(100, 90, 5, 0), (130, 90, 5, 0), (160, 90, 5, 0)], [False, False, True]),
        ("seen often", [(100, 90, 5, 0)] * 3 + [(130, 90, 5, 0)] * 3, [False] * 6),
        ("a change meanwhile", [(100, 90, 5, 0), (130, 140, 6, 0), (160, 140, 6, 0)], [False, False, False]),
        ("and then two more", [(130, 140, 6, 0), (160, 140, 6, 0), (190, 140, 6, 0)], [False, False, True]),
        ("one is pending", [(100, 90, 5, 1), (130, 90, 5, 1), (160, 90, 5, 1)], [False, False, False]),
        ("heard of, not yet asked for", [(100, 90, 5, 0), (130, 90, 5, 0), (160, 90, 6, 0)], [False, False, False]),
    ],
)
def test_rest_after_a_sync_that_no_bucket_holds(
    case: str, looks: list[tuple[float, float, int, int]], expected: list[bool]
) -> None:
    assert looked_at(*looks) == expected, case


def test_rest_wants_two_syncs_of_each_family() -> None:
    rest = Rest()
    found = [
        rest.see(
            ProxyMetrics(
                9, 0.0, 0, 0.0, longest_sync_s=math.inf, families=(SyncTimes(at, 90), SyncTimes(min(at, 130), 90))
            )
        )
        for at in (100, 130, 160, 190)
    ]
    assert found == [False] * 4


V4, V6 = '{ip_family="IPv4"}', '{ip_family="IPv6"}'


def exposed(**times: tuple[str, str]) -> str:
    """The text of when each family was asked for, and written; without the latter if it never was."""
    lines = ["# HELP kubeproxy_sync_proxy_rules_last_timestamp_seconds [ALPHA] The last time", "kubeproxy_other 1"]
    for family, (queued, synced) in times.items():
        labels = {"v4": V4, "v6": V6}.get(family, "")
        lines.append(f"kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{labels} {queued}")
        if synced:
            lines.append(f"kubeproxy_sync_proxy_rules_last_timestamp_seconds{labels} {synced}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (exposed(v4=("1.7644764001e+09", "1.7644764002e+09")), 0),
        (exposed(v4=("1.7644764002e+09", "1.7644764001e+09")), 1),
        (exposed(v4=("1.764476400124e+09", "1.764476400123e+09")), 1),
        (exposed(v4=("1.764476400124e+09", "1.764476400124e+09")), 0),
        (exposed(v4=("1.764476401e+09", "1.764476402e+09"), v6=("1.764476402e+09", "1.764476401e+09")), 1),
        (exposed(v4=("1.764476401e+09", "1.764476402e+09"), v6=("1.764476401e+09", "1.764476402e+09")), 0),
        (exposed(v4=("1.764476401e+09", "1.764476402e+09"), v6=("1.764476401e+09", "")), 1),
        (exposed(neither=("1.764476401e+09", "1.764476402e+09")), 0),
        (exposed(neither=("1.764476402e+09", "1.764476401e+09")), 1),
        ("", 1),
    ],
)
def test_whether_all_is_written_is_told_on_the_node_itself(text: str, code: int) -> None:
    """1.25 has one time for both families."""
    done = subprocess.run(["bash", "-c", IS_WRITTEN], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
