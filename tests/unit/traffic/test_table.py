"""What becomes of a table's row file, and in which order rows are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import Frontend
from gauntlet.traffic.job import StartTable, decode, encode
from gauntlet.traffic.load import Target
from gauntlet.traffic.table import Table, TableRow, head, read
from tests.unit.stand_in_host import StandInHost

FIRST = Target("kp/a", Frontend.CLUSTER_IP, "10.96.0.1", 80)
SECOND = Target("kp/b", Frontend.NODE_PORT, "fd00::11", 30080)


class Client(StandInHost):
    addresses = ("10.77.0.11",)


def table(*attempts: int) -> Table:
    return Table(
        tuple(
            TableRow(100 + position, (FIRST, SECOND)[position % 2], count) for position, count in enumerate(attempts)
        ),
        users=8,
    )


def written(folder: Path, of: Table, *lines: str) -> Path:
    path = folder / "table.rows"
    path.write_bytes(head(of.declared(Client())) + "".join(lines).encode())  # type: ignore[arg-type]
    return path


def test_answers_know_the_row_that_they_are_of(tmp_path: Path) -> None:
    of = table(1, 1)
    lines = ("1\t20\t5\tok\tpod-1\t10.0.0.1\t\t7\n", "0\t10\t5\tECONNREFUSED\t\t\tConnection refused\t7\n")

    seen = read(written(tmp_path, of, *lines), of).attempts

    assert seen.select("row", "service", "address", "outcome", "backend").rows() == [
        (100, "kp/a", "10.96.0.1", "refused", None),
        (101, "kp/b", "fd00::11", "ok", "pod-1"),
    ]


def test_what_failed_on_the_client_itself_says_nothing_of_the_service(tmp_path: Path) -> None:
    of = table(1, 1)

    answers = read(written(tmp_path, of, "0\t10\t5\tEMFILE\t\t\tToo many open files\t7\n"), of)

    assert answers.attempts.is_empty()
    assert answers.unmade == {100: "EMFILE"}


def test_a_line_without_its_end_is_dropped(tmp_path: Path) -> None:
    of = table(2)

    answers = read(written(tmp_path, of, "0\t10\t5\tok\tpod-1\t10.0.0.1\t\t7\n", "0\t11\t5\tok\tpo"), of)

    assert answers.attempts.height == 1


def test_an_agent_understands_a_table() -> None:
    job = table(3, 1).job(5)

    assert decode(encode(StartTable(job))) == StartTable(job)
    assert job.attempts == 4


def test_a_row_that_nobody_asks_is_refused() -> None:
    with pytest.raises(UsageError):
        table(1, 0)
