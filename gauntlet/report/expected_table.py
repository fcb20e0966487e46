"""The file in which a declared case keeps what the model expected at each of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gauntlet.ground.frames import pl
from gauntlet.semantics.standing import Standing

FILE = "expected.parquet"
_COLUMNS: Mapping[str, pl.DataType] = {
    "step": pl.String(),
    "client": pl.String(),
    "frontend": pl.String(),
    "outcome": pl.String(),
    "rules": pl.String(),
}
_BETWEEN = " "


def write(folder: Path, standings: Iterable[Standing]) -> None:
    """Write the file into the folder of a case's evidence. Raises OSError."""
    rows = [(each.step, each.client, each.frontend, each.outcome, _BETWEEN.join(each.rules)) for each in standings]
    pl.DataFrame(rows, schema=dict(_COLUMNS), orient="row").write_parquet(folder / FILE)


def read(folder: Path) -> tuple[Standing, ...] | None:
    """What `write` wrote; None if there is none: the case does not declare."""
    try:
        # A case's folder may have brackets in its name, which are no pattern.
        table = pl.read_parquet(folder / FILE, glob=False)
    except FileNotFoundError:
        return None
    return tuple(
        Standing(step, client, frontend, outcome, tuple(rules.split()))
        for step, client, frontend, outcome, rules in table.iter_rows()
    )
