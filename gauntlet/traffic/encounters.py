"""Encounters: whom the clients of a run met where, and when they did last; a fraction of all its attempts."""

from __future__ import annotations

from collections.abc import Iterator
from glob import escape
from pathlib import Path

from gauntlet.ground.frames import pl
from gauntlet.ground.history import ATTEMPTS
from gauntlet.traffic.evidence import FOLDER

_KIND = ("service", "address", "port", "protocol", "client_node", "outcome", "backend")


def encounters(run: Path, subject: str) -> pl.DataFrame:
    """Of the cases of a subject whose evidence is below the folder of the run by now: a row for each kind.

    Columns: service, address, port, protocol, client_node, outcome, backend, and `at_ns`, when an attempt of this kind
    last began.
    """
    schema = {name: ATTEMPTS[name] for name in (*_KIND, "at_ns")}
    found = pl.concat([pl.DataFrame(schema=schema), *_of_each_case(run, subject)])
    return found.group_by(*_KIND).agg(pl.col("at_ns").max())


def _of_each_case(run: Path, subject: str) -> Iterator[pl.DataFrame]:
    for path in sorted((run / FOLDER).glob(f"*-{escape(subject)}/attempts.parquet")):
        # A case's folder may have brackets in its name, which are no pattern.
        attempts = pl.read_parquet(path, columns=[*_KIND, "at_ns"], glob=False)
        yield attempts.group_by(*_KIND).agg(pl.col("at_ns").max())
