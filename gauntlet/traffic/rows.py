"""Row files: what an agent saw, as it happened, and how it becomes a frame of the history.

The first line is JSON: what is the same in all rows (client, target, connection). Every other line is one
attempt, tab-separated: `at_ns latency_ns result backend seen_source_ip error late_ns`. A last line without its end
is what a crash leaves, and is dropped.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import ATTEMPTS, DeclaredFlow, Outcome, attempts

COLUMNS: Mapping[str, pl.DataType] = {
    "at_ns": pl.Int64(),
    "latency_ns": pl.Int64(),
    "result": pl.String(),
    "backend": pl.String(),
    "seen_source_ip": pl.String(),
    "error": pl.String(),
    "late_ns": pl.Int64(),
}

# Words of the agent, and names of errno values as connect(2), send(2) and recv(2) give them.
OUTCOMES: Mapping[str, Outcome] = {
    "ok": Outcome.OK,
    "timeout": Outcome.TIMEOUT,
    "dns": Outcome.DNS_ERROR,
    "bad_reply": Outcome.BAD_REPLY,
    "wrong_answer": Outcome.WRONG_BACKEND,  # only of a server of names: whoever it was, it is not to say that
    "closed": Outcome.RESET,  # an orderly end before the answer cuts the client off just the same
    "ETIMEDOUT": Outcome.TIMEOUT,
    "ECONNREFUSED": Outcome.REFUSED,
    "ECONNRESET": Outcome.RESET,
    "ECONNABORTED": Outcome.RESET,
    "EPIPE": Outcome.RESET,
    "EHOSTUNREACH": Outcome.UNREACHABLE,
    "ENETUNREACH": Outcome.UNREACHABLE,
    "EHOSTDOWN": Outcome.UNREACHABLE,
    "ENETDOWN": Outcome.UNREACHABLE,
    "ENONET": Outcome.UNREACHABLE,
    "ENOPROTOOPT": Outcome.UNREACHABLE,  # ICMP "protocol unreachable"
    "EPROTO": Outcome.UNREACHABLE,  # ICMPv6 "unrecognized next header", which says the same
    "EPERM": Outcome.UNREACHABLE,  # dropped by a rule in the client's own OUTPUT chain
    "EACCES": Outcome.UNREACHABLE,  # a route of type `prohibit` (fib_props, net/ipv4/fib_semantics.c)
    "EINVAL": Outcome.UNREACHABLE,  # a route of type `blackhole` (same place)
}


def head(flow: DeclaredFlow) -> bytes:
    """The first line of the row file of a flow."""
    return (json.dumps(asdict(flow)) + "\n").encode()


def read(path: Path, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
    """The rows of one file as a frame of the ATTEMPTS schema, by time.

    `backend_nodes` says which node each backend is on; others get a null. Raises Inconclusive if attempts
    failed for want of something on the client itself (ports, descriptors): they say nothing about the Service.
    """
    flow, rows = _rows(path)
    _refuse_own_failures(rows, path)
    return _frame(flow, rows, backend_nodes)


def read_so_far(path: Path, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
    """As `read`, of a file that may still be written to; attempts that failed on the client itself are left out."""
    flow, rows = _rows(path)
    return _frame(flow, rows.filter(pl.col("result").is_in(list(OUTCOMES))), backend_nodes)


def whole_lines(body: bytes) -> bytes:
    """All of it but a last line without its end."""
    return body[: body.rfind(b"\n") + 1]


def _rows(path: Path) -> tuple[DeclaredFlow, pl.DataFrame]:
    """What the first line says of all rows, and the rows in the words of the agent."""
    first, _, body = path.read_bytes().partition(b"\n")
    whole = whole_lines(body)
    rows = (
        pl.read_csv(whole, separator="\t", has_header=False, schema=dict(COLUMNS), quote_char=None)
        if whole
        else pl.DataFrame(schema=dict(COLUMNS))
    )
    return DeclaredFlow(**json.loads(first)), rows


def _frame(flow: DeclaredFlow, rows: pl.DataFrame, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
    if rows.is_empty():
        return attempts([])
    outcome = {word: str(outcome) for word, outcome in OUTCOMES.items()}
    return (
        rows.with_columns(
            outcome=pl.col("result").replace_strict(outcome, return_dtype=pl.String()),
            backend_node=pl.col("backend").replace_strict(dict(backend_nodes), default=None, return_dtype=pl.String()),
            **{name: pl.lit(value, dtype=ATTEMPTS[name]) for name, value in asdict(flow).items()},
        )
        .select(list(ATTEMPTS))
        .sort("at_ns", maintain_order=True)
    )


def _refuse_own_failures(rows: pl.DataFrame, path: Path) -> None:
    own = rows.filter(~pl.col("result").is_in(list(OUTCOMES)))
    if own.is_empty():
        return
    kinds = own["result"].value_counts(sort=True).rows()
    words = ", ".join(f"{count}x {name} ({_words(name)})" for name, count in kinds)
    raise Inconclusive(
        f"{own.height} of {rows.height} attempts failed on the client itself, not on the Service: {words} ({path})",
        "lower the rate or the number of users, or raise the client's limits (ports, `ulimit -n`)",
    )


def _words(name: str) -> str:
    number = getattr(errno, name, None)
    return os.strerror(number) if isinstance(number, int) else "not an errno of this system"
