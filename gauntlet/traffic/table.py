"""Table: many targets that one client asks by one call, each a few times."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import UsageError
from gauntlet.ground.frames import pl
from gauntlet.ground.history import ATTEMPTS, Connection, DeclaredFlow
from gauntlet.traffic.job import Asked, TableJob
from gauntlet.traffic.load import QUESTIONS, Ask, Target
from gauntlet.traffic.rows import COLUMNS, OUTCOMES, whole_lines

ROW = "row"
# The ATTEMPTS schema, and the number of the row that each attempt is of.
ANSWERS: Mapping[str, pl.DataType] = {ROW: pl.Int64(), **ATTEMPTS}


@dataclass(frozen=True)
class TableRow:
    """`number` is whatever the rows of the answer shall be known by."""

    number: int
    target: Target
    attempts: int


@dataclass(frozen=True)
class Table:
    """`users` attempts are in flight at most, each with a new connection; rows take turns."""

    rows: tuple[TableRow, ...]
    users: int
    timeout_s: float = 1.0
    rate_per_s: float | None = None
    ask: Ask = Ask.HOSTNAME | Ask.SOURCE_IP

    def __post_init__(self) -> None:
        """Raises UsageError for what no agent could do."""
        if not self.rows or any(each.attempts <= 0 for each in self.rows):
            raise UsageError("a table has no rows, or one that is not to be asked", "leave out what nobody asks")

    @property
    def attempts(self) -> int:
        return sum(each.attempts for each in self.rows)

    def declared(self, client: Host) -> tuple[DeclaredFlow, ...]:
        return tuple(
            DeclaredFlow(
                client=client.name,
                client_node=client.node,
                service=each.target.service,
                frontend=str(each.target.frontend),
                address=each.target.address,
                port=each.target.port,
                protocol=str(each.target.protocol),
                connection=str(Connection.NEW),
            )
            for each in self.rows
        )

    def job(self, number: int) -> TableJob:
        """This table as the agent understands it."""
        return TableJob(
            number=number,
            rows=tuple(
                Asked(each.target.address, each.target.port, str(each.target.protocol), each.attempts)
                for each in self.rows
            ),
            questions=tuple(QUESTIONS[question] for question in self.ask),
            users=min(self.users, self.attempts),
            timeout_s=self.timeout_s,
            rate_per_s=self.rate_per_s,
        )


@dataclass(frozen=True)
class Answers:
    """`attempts` has the ANSWERS schema, by time.

    `unmade` says by the number of a row why attempts failed for want of something on the client itself (ports,
    descriptors): they say nothing about the Service, and are left out.
    """

    attempts: pl.DataFrame
    unmade: Mapping[int, str]


def head(flows: Sequence[DeclaredFlow]) -> bytes:
    """The first line of the row file of a table."""
    return (json.dumps([asdict(each) for each in flows]) + "\n").encode()


def read(path: Path, table: Table) -> Answers:
    """The rows of a table's file: those of `gauntlet.traffic.rows`, each with its position in the table before it."""
    first, _, body = path.read_bytes().partition(b"\n")
    schema = {"position": pl.Int64(), **COLUMNS}
    whole = whole_lines(body)
    seen = (
        pl.read_csv(whole, separator="\t", has_header=False, schema=schema, quote_char=None)
        if whole
        else pl.DataFrame(schema=schema)
    )
    numbers = [each.number for each in table.rows]
    flows = pl.DataFrame(json.loads(first), infer_schema_length=None).with_columns(
        pl.Series("position", range(len(numbers)), dtype=pl.Int64()), pl.Series(ROW, numbers, dtype=pl.Int64())
    )
    joined = seen.join(flows, on="position", how="left")
    words = {word: str(outcome) for word, outcome in OUTCOMES.items()}
    known = pl.col("result").is_in(list(words))
    own = joined.filter(~known)
    good = joined.filter(known).with_columns(
        outcome=pl.col("result").replace_strict(words, return_dtype=pl.String()),
        backend_node=pl.lit(None, dtype=pl.String()),
    )
    frame = good.select([pl.col(name).cast(kind) for name, kind in ANSWERS.items()])
    return Answers(
        frame.sort("at_ns", maintain_order=True), dict(zip(own[ROW].to_list(), own["result"].to_list(), strict=True))
    )


def no_answers() -> pl.DataFrame:
    """A frame of the ANSWERS schema without rows."""
    return pl.DataFrame(schema=dict(ANSWERS))
