"""delete-table shows that the tables are gone by a list of tables without them: an nft that fails shows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from gauntlet.faults.delete_table import DeleteTable
from gauntlet.faults.fault import NoParameters, NotLanded, Scene
from gauntlet.ground.cluster import Cluster, CommandFailed, Completed, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.journal.store import Journal
from gauntlet.nodes.command import concluded
from tests.unit.stand_in_host import StandInHost

# As nft 1.0.6 prints them.
BOTH = "table ip kube-proxy\ntable ip6 kube-proxy\ntable inet cilium\n"
OTHERS = "table ip6 kube-proxy-of-somebody\ntable inet cilium\n"
DISPATCH = (
    "table ip kube-proxy {\n\tmap service-ips {\n\t\telements = { 10.96.0.1 . tcp . 443 : goto service-A }\n\t}\n}\n"
)


class NftHost(StandInHost):
    """`nft list tables` prints `tables`; None: nft cannot be run."""

    tables: str | None = BOTH

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        if self.tables is None:
            return concluded(self.name, argv, (1, "", "netlink: Error: cache initialization failed"), check=check)
        said = self.tables if tuple(argv) == ("nft", "list", "tables") else DISPATCH
        return concluded(self.name, argv, (0, said, ""), check=check)


@pytest.fixture
def node() -> NftHost:
    return NftHost()


@pytest.fixture
def fault(node: NftHost, tmp_path: Path) -> DeleteTable:
    scene = Scene(cast(Cluster, None), cast(Node, node), Journal(tmp_path / "journal.jsonl"), None, 60)
    return DeleteTable(scene, NoParameters())


def test_tables_that_are_not_listed_are_gone(fault: DeleteTable, node: NftHost) -> None:
    fault.plan()
    node.tables = OTHERS
    assert fault.evidence() == "nft lists no table ip kube-proxy and no table ip6 kube-proxy"


def test_an_nft_that_fails_does_not_show_that_they_are_gone(fault: DeleteTable, node: NftHost) -> None:
    fault.plan()
    node.tables = None
    with pytest.raises(CommandFailed, match="cache initialization failed"):
        fault.evidence()


def test_an_nft_that_fails_does_not_show_that_there_is_nothing_to_hurt(fault: DeleteTable, node: NftHost) -> None:
    node.tables = None
    with pytest.raises(CommandFailed, match="cache initialization failed"):
        fault.plan()


def test_one_table_that_is_back_is_enough(fault: DeleteTable, node: NftHost) -> None:
    fault.plan()
    node.tables = "table ip6 kube-proxy\n"
    with pytest.raises(NotLanded, match=r"has a table ip6 kube-proxy \(again\)"):
        fault.evidence()


def test_without_tables_there_is_nothing_to_hurt(fault: DeleteTable, node: NftHost) -> None:
    node.tables = OTHERS
    with pytest.raises(Inconclusive, match="no table kube-proxy"):
        fault.plan()
