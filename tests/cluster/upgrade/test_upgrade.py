"""`gauntlet upgrade` on real clusters: a sound pair, an outage of known length, a kube-proxy that does not start."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauntlet.build.binaries import ensure
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import EventKind, History
from gauntlet.report.results import FindingRecord, Results
from gauntlet.report.results_file import load

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))
WITHIN_S = 400
# Of the saboteur's start, without any rule of kube-proxy.
OUT_S = 1.5
# After its first start on a node, which is sooner than the last phase is over.
DIES_AFTER_S = 6
# On a busy machine attempts are more than a tenth of a second apart, which is inconclusive: not what is tested here.
RESOLUTION_S = 1.0


@dataclass(frozen=True)
class Upgraded:
    """What a run of the command said and left."""

    code: int
    output: str
    results: Results
    folder: Path

    def finding(self, phase: str, check: str) -> FindingRecord:
        (found,) = (each for each in self.results.findings if (each.case, each.check) == (f"upgrade::{phase}", check))
        return found

    @property
    def failed(self) -> set[tuple[str, str]]:
        """Phases and checks that failed."""
        return {
            (each.case.removeprefix("upgrade::"), each.check)
            for each in self.results.findings
            if each.verdict is Verdict.FAIL
        }


def upgrade(tmp_path: Path, *arguments: str) -> Upgraded:
    slos = tmp_path / "slos"
    slos.mkdir()
    (slos / "upgrade.yaml").write_text(f"roll: {{resolution_s: {RESOLUTION_S}}}\n")
    done = subprocess.run(
        [
            GAUNTLET,
            "upgrade",
            *arguments,
            "--no-cases",
            "--nodes=2",
            f"--slos={slos}",
            f"--results={tmp_path / 'results'}",
        ],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    (folder,) = (each for each in (tmp_path / "results").iterdir() if not each.is_symlink())
    return Upgraded(done.returncode, done.stdout + done.stderr, load(folder), folder)


def test_a_restart_in_the_same_mode_is_noticed_by_nobody(tmp_path: Path) -> None:
    found = upgrade(tmp_path, "--from=nftables", "--to=next=nftables")
    assert (found.code, found.failed) == (0, set()), found.output
    assert "nftables -> next: MAY, as far as the roll goes" in found.output
    made = found.results.upgrade
    assert made is not None
    assert made.answer == "may"
    assert [phase.name for phase in made.phases] == [
        *("hold-from", "roll-forward", "mixed", "roll-forward-rest", "hold-to"),
        *("roll-back", "hold-back", "roll-again"),
    ]
    assert all(phase.ended for phase in made.phases)
    assert made.phases[2].after == {"node-1": "next", "node-2": "nftables"}
    assert "conformance-to" in made.not_run
    events = History.load(found.folder / "evidence" / "upgrade").events
    replaced = events.filter(events["kind"] == EventKind.PROXY_REPLACED)
    assert replaced.select("subject", "node").rows() == [
        *(("next", "node-1"), ("next", "node-2")),
        *(("nftables", "node-1"), ("nftables", "node-2")),
        *(("next", "node-1"), ("next", "node-2")),
    ]


def program(folder: Path, script: str) -> Path:
    """A kube-proxy that is this script."""
    written = folder / "program" / "kube-proxy"
    written.parent.mkdir()
    written.write_text(script)
    written.chmod(written.stat().st_mode | stat.S_IXUSR)
    return written


@pytest.fixture
def clears_first(tmp_path: Path) -> Path:
    """A kube-proxy that deletes all rules before it starts, and takes its time."""
    real = ensure().path("kube-proxy")
    return program(
        tmp_path,
        f'#!/bin/sh\n[ "$1" = --version ] || {{ nft delete table ip kube-proxy; sleep {OUT_S}; }}\nexec {real} "$@"\n',
    )


def test_an_outage_of_the_roll_is_measured_and_the_answer_names_it(tmp_path: Path, clears_first: Path) -> None:
    found = upgrade(tmp_path, "--from=nftables", f"--to=clears=nftables@{clears_first}", "--quick")
    assert found.code == 1
    assert "nftables -> clears: MAY NOT" in found.output
    assert {phase for phase, _ in found.failed} == {"roll-forward", "roll-forward-rest"}
    for phase in ("roll-forward", "roll-forward-rest"):
        outage = found.finding(phase, "outage: new TCP")
        assert outage.verdict is Verdict.FAIL
        assert outage.figure is not None
        assert outage.figure + (outage.resolution or 0) >= OUT_S
        assert "1. the roll itself: " in found.output


def test_a_kube_proxy_that_does_not_start_stops_the_roll(tmp_path: Path) -> None:
    found = upgrade(tmp_path, "--from=iptables", "--to=broken=iptables+NoSuchGate", "--quick")
    assert found.code == 1
    assert "NoSuchGate" in found.finding("roll-forward", "replacement").reason
    # It was stopped, and none in sync followed; the traffic goes on by the rules of the one before.
    assert found.failed == {("roll-forward", "replacement"), ("roll-forward", "ready")}
    made = found.results.upgrade
    assert made is not None
    assert [phase.name for phase in made.phases] == ["hold-from", "roll-forward"]
    assert "hold-to            did not take place" in found.output


@pytest.fixture
def dies_later(tmp_path: Path) -> Path:
    """A kube-proxy that is killed some seconds after its first start on a node, and never starts again there."""
    real, marks = ensure().path("kube-proxy"), tmp_path / "marks"
    marks.mkdir()
    return program(
        tmp_path,
        f"""#!/bin/sh
[ "$1" = --version ] && exec {real} --version
mark={marks}/$(echo "$1" | tr / _)
[ -e "$mark" ] && exit 1
: >"$mark"
setsid sh -c "sleep {DIES_AFTER_S}; kill -9 $$" &
exec {real} "$@"
""",
    )


def test_a_kube_proxy_that_dies_after_its_replacement_may_not(tmp_path: Path, dies_later: Path) -> None:
    found = upgrade(tmp_path, "--from=iptables", f"--to=dies=iptables@{dies_later}", "--quick")
    assert found.code == 1
    assert "iptables -> dies: MAY NOT" in found.output
    # The rules that it left serve on, so that nobody who asks the same Services notices.
    assert {check for _, check in found.failed} == {"kube-proxy", "endpoint-change"}
    assert "node-1: kube-proxy has ended" in found.finding("hold-to", "kube-proxy").reason
    assert found.finding("hold-to", "endpoint-change").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from=iptables", "--to=iptables"], "the same name"),
        (["--from=iptables@1.33", "--to=iptables@1.37"], "4 minor versions apart"),
        (["--from=iptables@1.25", "--to=nftables@1.25"], "nftables"),
        (["--from=iptables", "--to=nftables", "--strategy=canary=3"], "leaves none of 3 nodes"),
        (["--from=iptables", "--to=nftables", "--strategy=backwards"], "is not a strategy"),
        (["--from=iptables,ipvs", "--to=nftables"], "without a comma"),
    ],
)
def test_bad_input_ends_before_anything_is_made(tmp_path: Path, arguments: list[str], words: str) -> None:
    results = tmp_path / "results"
    done = subprocess.run(
        [GAUNTLET, "upgrade", *arguments, f"--results={results}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert not results.exists()
