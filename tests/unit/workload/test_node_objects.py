"""Which kube-proxies are waited for because they may end when their Node object changes."""

from __future__ import annotations

import pytest

from gauntlet.workload.node_objects import may_end


@pytest.mark.parametrize(
    ("version", "may"),
    [("1.25.9", False), ("v1.36.3", False), ("1.37.2", True), ("1.38.0-alpha.1", True), ("dev", True)],
)
def test_those_that_look_at_the_addresses_of_their_node_object_may_end(version: str, *, may: bool) -> None:
    assert may_end(version) is may
