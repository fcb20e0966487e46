from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import ATTEMPTS, DeclaredFlow, Outcome
from gauntlet.traffic.rows import OUTCOMES, head, read

_FLOW = DeclaredFlow("client", None, "ns/web", "cluster_ip", "10.96.0.9", 80, "tcp", "new")
_ROWS = "200\t5\tok\tweb-1\t10.0.0.1\t\t7\n100\t9\tECONNREFUSED\t\t\tConnection refused\t7\n"


def _file(tmp_path: Path, rows: str) -> Path:
    path = tmp_path / "some.rows"
    path.write_bytes(head(_FLOW) + rows.encode())
    return path


def test_rows_become_attempts_by_time(tmp_path: Path) -> None:
    frame = read(_file(tmp_path, _ROWS), {"web-1": "node-2"})

    assert dict(frame.schema) == dict(ATTEMPTS)
    assert frame.select("at_ns", "outcome", "backend", "backend_node", "error", "service").rows() == [
        (100, "refused", None, None, "Connection refused", "ns/web"),
        (200, "ok", "web-1", "node-2", None, "ns/web"),
    ]


def test_a_backend_on_no_known_node_gets_none(tmp_path: Path) -> None:
    assert read(_file(tmp_path, _ROWS), {})["backend_node"].to_list() == [None, None]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_line_cut_off_by_a_crash_is_dropped(tmp_path: Path, cut: int) -> None:
    assert read(_file(tmp_path, _ROWS[:-cut]), {})["at_ns"].to_list() == [200]


@pytest.mark.parametrize("rows", ["", "200\t5\to"])
def test_no_whole_row_is_an_empty_frame(tmp_path: Path, rows: str) -> None:
    frame = read(_file(tmp_path, rows), {})

    assert frame.is_empty()
    assert dict(frame.schema) == dict(ATTEMPTS)


@pytest.mark.parametrize("result", sorted(OUTCOMES))
def test_every_result_has_its_outcome(tmp_path: Path, result: str) -> None:
    frame = read(_file(tmp_path, f'1\t2\t{result}\t\t\tsays "so"\t7\n'), {})

    assert frame.select("outcome", "error").rows() == [(str(OUTCOMES[result]), 'says "so"')]


def test_only_a_checker_says_wrong_backend_but_of_an_answer_that_the_client_knew() -> None:
    assert set(OUTCOMES.values()) == set(Outcome)
    assert [word for word, outcome in OUTCOMES.items() if outcome is Outcome.WRONG_BACKEND] == ["wrong_answer"]


@pytest.mark.parametrize("result", ["EADDRNOTAVAIL", "EMFILE", "ENOBUFS", "EADDRINUSE", "unknown"])
def test_what_the_client_itself_lacked_is_inconclusive(tmp_path: Path, result: str) -> None:
    with pytest.raises(Inconclusive, match=f"1 of 3 attempts failed on the client itself.*{result}"):
        read(_file(tmp_path, _ROWS + f"300\t5\t{result}\t\t\twords\t7\n"), {})
