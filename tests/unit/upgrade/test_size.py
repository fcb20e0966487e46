"""How many nodes an upgrade may have on a machine."""

from __future__ import annotations

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.memory import available_bytes
from gauntlet.upgrade import size
from gauntlet.upgrade.size import most_nodes, require_carried


@pytest.mark.parametrize(
    ("cores", "free_mib", "most"),
    [
        (2, 24_000, 8),
        (16, 24_000, 64),
        # Memory is what lacks.
        (16, 4_000, 9),
        # Three nodes, the default, are carried by the smallest machine that the gate runs on.
        (2, 4_096, 8),
        (1, 2_048, 3),
        (1, 500, 1),
        (2, None, 8),
    ],
)
def test_processors_and_memory_bound_the_nodes(cores: int, free_mib: int | None, most: int) -> None:
    assert most_nodes(cores, free_mib) == most


def test_more_than_that_is_refused_with_the_number_that_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "most_nodes", lambda _cores, _free_mib: 5)
    require_carried(5)
    with pytest.raises(UsageError, match="6 nodes is too much for this machine") as refused:
        require_carried(6)
    assert refused.value.remedy == "ask for at most 5 nodes here"


def test_this_machine_says_how_much_memory_it_has() -> None:
    free = available_bytes()
    assert free is not None
    assert free > 1 << 20
