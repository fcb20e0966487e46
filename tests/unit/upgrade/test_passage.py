"""What is said of a node that did not get its next kube-proxy, or that says nothing of what is left on it."""

from __future__ import annotations

import pytest

from gauntlet.ground.cluster import CommandFailed, Completed
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Verdict
from gauntlet.kube.api import ApiUnreachable
from gauntlet.providers.protocol import ProxyDoesNotServe
from gauntlet.upgrade.passage import not_audited, not_replaced


def test_a_kube_proxy_that_does_not_serve_fails() -> None:
    found = not_replaced(ProxyDoesNotServe("it does not serve", "read its log"), "node-2")
    assert (found.verdict, found.reason, found.remedy, found.node) == (
        *(Verdict.FAIL, "it does not serve", "read its log", "node-2"),
    )


@pytest.mark.parametrize(
    "error", [CommandFailed("node-2", Completed(("nsenter",), 1, "", "no such process")), ApiUnreachable("no API")]
)
def test_what_was_in_the_way_of_a_replacement_says_nothing_of_the_kube_proxy(error: GauntletError) -> None:
    assert not_replaced(error, "node-2").verdict is Verdict.INCONCLUSIVE


def test_a_node_that_cannot_be_audited_is_inconclusive() -> None:
    found = not_audited(CommandFailed("node-2", Completed(("nft", "list", "tables"), 124, "", "timed out")))
    assert (found.check, found.verdict) == ("residue", Verdict.INCONCLUSIVE)
    assert "node-2" in found.reason
