"""How often each row is asked: at first, and once more if that was not enough. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gauntlet.semantics.asked import Effort, Row, enough_to_meet, enough_to_stay
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.outcomes import Reaction
from gauntlet.semantics.places import Where

# A few attempts show that a frontend leads somewhere. Three of each backend meet most of them at first.
ANSWERED = 2
A_BACKEND = 3
# Of what may be answered, and may be swallowed.
EITHER = 3


def backends(row: Row) -> int:
    """How many endpoints there are to meet, told apart by their addresses: a pod has one name at all its ports."""
    return len({each.address for each in row.outcome.balanced})


def first(row: Row) -> int:
    """Attempts of the first asking."""
    if row.is_answered and row.effort is Effort.EVERY_BACKEND:
        return min(max(ANSWERED, A_BACKEND * backends(row)), max(ANSWERED, enough_to_meet(backends(row))))
    if row.is_answered and row.effort is Effort.ONE_BACKEND:
        return enough_to_stay(backends(row))
    if row.is_answered:
        return ANSWERED
    return EITHER if Reaction.ANSWERED in row.outcome.reactions else 1


def rest(rows: Sequence[Row], met: Mapping[int, int]) -> Iterator[tuple[Row, int]]:
    """What is to be asked once more: rows whose backends were not all met, up to what chance alone would not leave out.

    `met` is how many backends each row has met, by its number. More attempts only add to what is judged.
    """
    for row in rows:
        if not row.is_answered or row.effort is not Effort.EVERY_BACKEND:
            continue
        more = enough_to_meet(backends(row)) - first(row)
        if met.get(row.number, 0) < backends(row) and more > 0:
            yield row, more


def is_limited(row: Row) -> bool:
    """Whether the kernel limits its refusals there (gauntlet/traffic/refusal_limit.py): to all but the node itself."""
    own = row.place.where is Where.NODE and row.outcome.decided_by == row.place.node
    return row.is_refused and not (own and row.frontend.kind is not Kind.NODE_PORT)


def within_limits(
    rows: Iterable[Row], case_of: Mapping[int, str], left: Mapping[str, int], turn: int
) -> tuple[list[Row], list[Row]]:
    """Of the rows whose refusals are limited: those that may be asked, and those that may not.

    `left` is how many refusals each client may be sent. Cases take turns, a client's rows of one case after another's;
    `turn` says who begins.
    """
    by_case: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        by_case.setdefault(row.client, {}).setdefault(case_of[row.number], []).append(row)
    chosen, too_many = list[Row](), list[Row]()
    for client, cases in by_case.items():
        names = list(cases)
        begin = turn % len(names)
        queues = [cases[name] for name in (*names[begin:], *names[:begin])]
        longest = max(map(len, queues))
        in_turn = [queue[place] for place in range(longest) for queue in queues if place < len(queue)]
        chosen += in_turn[: left[client]]
        too_many += in_turn[left[client] :]
    return chosen, too_many
