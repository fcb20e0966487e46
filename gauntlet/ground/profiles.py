"""The word Profile: a named selection of cases and modes, and the pytest options that make it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.memory import CLUSTER_BYTES, available_bytes

MODES = tuple(str(mode) for mode in ProxyMode)
# Words for pytest that leave the cases as they are: a few cases are not worth another cluster.
_SELECT_NOTHING = ("--kp-", "--junitxml=")


@dataclass(frozen=True)
class Profile:
    """What `gauntlet run --profile NAME` runs: the cases that match `markers`, below `suites`, in `modes`."""

    name: str
    summary: str
    markers: str
    modes: tuple[str, ...] = ("iptables", "nftables")
    suites: str = "suites"


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("gate", "what decides whether a cluster may take its next kube-proxy (minutes)", "gate"),
        Profile("nightly", "everything there is, in every mode", "", modes=MODES),
        Profile(
            "conformance",
            "what a Service data plane must do while nothing is wrong",
            "(conformance or audit) and not slow and not random",
        ),
        Profile("smoke", "the few cases that show that the whole line works (a minute or two)", "smoke"),
    )
}


def parse_modes(text: str) -> tuple[str, ...]:
    """`iptables,nftables` -> both, without repeats. Raises UsageError, which lists the modes, for an unknown one."""
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [mode for mode in chosen if mode not in MODES]
    if unknown or not chosen:
        what = f"unknown mode {', '.join(map(repr, unknown))}" if unknown else "no mode was named"
        raise UsageError(what, f"choose from {', '.join(MODES)}; several with commas: iptables,nftables")
    return chosen


def pytest_options(
    profile: Profile, subjects: Sequence[str], results: Path, extra: Sequence[str], *, clusters: int = 1
) -> list[str]:
    """Options of pytest for one run, the user's own (`extra`) last, so that they win.

    `subjects` are as a command line names them; without any, that of the cluster that is given. `clusters` are as many
    as a subject may have at most. If `extra` names no cases, --kp-profile chooses the suites: pytest alone knows which
    words of a command line are paths, and which are values of options.
    """
    options = [f"--kp-results={results}", f"--kp-profile={profile.name}"]
    if subjects:
        option = "--kp-modes" if set(subjects) <= set(MODES) else "--kp-subjects"
        options.insert(0, f"{option}={','.join(subjects)}")
    if profile.markers:
        options += ["-m", profile.markers]
    workers = _workers(len(subjects), clusters if all(word.startswith(_SELECT_NOTHING) for word in extra) else 1)
    if workers > 1:
        options += ["-n", str(workers)]
    return [*options, *extra]


def _workers(subjects: int, clusters: int) -> int:
    """How many clusters there are at once, a worker each: all subjects have as many, or some wait for others' end.

    Two clusters keep two processors busy; with four on two, attempts came too late (docs/decisions/0070).
    """
    processors, free = len(os.sched_getaffinity(0)), available_bytes()
    bearable = processors if free is None else min(processors, free // CLUSTER_BYTES)
    each = min(clusters, max(1, bearable // max(1, subjects)))
    return min(subjects * each, max(2, processors))
