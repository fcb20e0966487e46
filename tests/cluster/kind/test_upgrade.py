"""`gauntlet upgrade` on kind: pods resolve a name by the cluster's own DNS while kube-proxies are replaced.

Runs only where a Docker daemon answers that has the images (`gauntlet images build`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History
from tests.cluster.kind.test_live import LACK
from tests.cluster.upgrade.upgrading import upgrade

pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)


def test_a_restart_in_the_same_mode_is_noticed_by_nobody_who_resolves_a_name(tmp_path: Path) -> None:
    found = upgrade(tmp_path, "--provider=kind", "--from=iptables", "--to=next=iptables", "--quick")
    assert (found.code, found.failed) == (0, set()), found.output
    for check in ("outage: DNS", "availability: DNS", "correctness: DNS"):
        assert found.finding("roll-forward", check).verdict is Verdict.PASS
    attempts = History.load(found.folder / "evidence" / "upgrade").attempts
    names = attempts.filter(pl.col("service") == "kube-system/kube-dns")
    assert names.select("protocol", "frontend", "outcome").unique().sort("protocol").rows() == [
        ("tcp", "dns", "ok"),
        ("udp", "dns", "ok"),
    ]
    assert names["client"].n_unique() == 2
