"""How well an upgrade knows the length of an outage in the middle of its roll, by a kube-proxy that makes one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.profile_run import GAUNTLET, results_in
from gauntlet.build.binaries import ensure
from gauntlet.ground.errors import Inconclusive
from gauntlet.report.results import FindingRecord

OUT_S = 1.5
CHECK = "outage: new TCP"
# In which phase of a quick upgrade which node gets its next kube-proxy.
ROLLED = {"roll-forward": "node-1", "roll-forward-rest": "node-2"}


@dataclass(frozen=True)
class Truth:
    """How long the rules of a node were gone, in seconds: to delete them, and to restore them, takes a while."""

    shortest_s: float
    longest_s: float

    @classmethod
    def of(cls, times: Path, node: str) -> Truth:
        """As a kube-proxy of `clearing` wrote it down. Raises FileNotFoundError if none did on this node."""
        began, cleared, late, restored = (int(word) / 1e9 for word in (times / node).read_text().split())
        return cls(late - cleared, restored - began)

    def error_s(self, figure_s: float) -> float:
        """How far a figure is from all that is true."""
        return max(0.0, self.shortest_s - figure_s, figure_s - self.longest_s)


def clearing(folder: Path, times: Path) -> Path:
    """A kube-proxy that takes all rules away before it starts, for OUT_S, and then puts the very same ones back.

    The outage is over before it starts, which in the same mode nobody notices. It writes a file for each node into
    `times`: the outage began between the first two of four moments in ns, and ended between the other two.
    """
    real = ensure().path("kube-proxy")
    written = folder / "kube-proxy"
    written.write_text(f"""#!{sys.executable}
import ctypes, os, pathlib, socket, sys, time
if sys.argv[1:] == ["--version"]:
    os.execv("{real}", ["kube-proxy", "--version"])
nftables = ctypes.CDLL("libnftables.so.1")
nftables.nft_ctx_new.restype = ctypes.c_void_p
nftables.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
context = ctypes.c_void_p(nftables.nft_ctx_new(0))
nftables.nft_ctx_buffer_output(context)
def run(command):
    if nftables.nft_run_cmd_from_buffer(context, command) != 0:
        sys.exit("nft: " + command.decode())
    return nftables.nft_ctx_get_output_buffer(context)
rules = run(b"list table ip kube-proxy")
moments = [time.time_ns()]
run(b"delete table ip kube-proxy")
moments.append(time.time_ns())
time.sleep({OUT_S})
moments.append(time.time_ns())
run(rules)
moments.append(time.time_ns())
pathlib.Path("{times}", socket.gethostname()).write_text(" ".join(map(str, moments)))
os.execv("{real}", ["kube-proxy", *sys.argv[1:]])
""")
    written.chmod(0o755)
    return written


def error_ms() -> float:
    """The larger of the errors of both nodes. Raises Inconclusive if the upgrade did not measure both outages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times, results = folder / "times", folder / "results"
        times.mkdir()
        pair = ["--from=nftables", f"--to=clears=nftables@{clearing(folder, times)}", "--quick", "--no-cases"]
        # It may not: that is what is measured.
        subprocess.run(
            [GAUNTLET, "upgrade", *pair, "--nodes=2", f"--results={results}"], stdout=subprocess.DEVNULL, check=False
        )
        if not results.exists():
            raise Inconclusive("the upgrade left no results", "run `gauntlet upgrade` and read what it says")
        found = results_in(results).findings
        return round(1000 * max(_error_s(found, phase, times, node) for phase, node in ROLLED.items()), 1)


def _error_s(findings: tuple[FindingRecord, ...], phase: str, times: Path, node: str) -> float:
    figure = next((each.figure for each in findings if (each.case, each.check) == (f"upgrade::{phase}", CHECK)), None)
    if not figure:
        raise Inconclusive(f"the upgrade did not see the outage of {node}", "run it by hand and read its report")
    return Truth.of(times, node).error_s(figure)
