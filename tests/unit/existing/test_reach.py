"""How this machine reaches somebody's nodes, on the way to itself."""

from __future__ import annotations

import pytest

from gauntlet.providers.existing import survey


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_address_that_nodes_see_is_of_their_family(address: str) -> None:
    """It is asked for if no kubelet takes a connection."""
    assert survey._source(address) == address
