"""Endpoints of a Service get other shares of its connections than even ones."""

from __future__ import annotations

from tests.saboteurs import balancing
from tests.saboteurs.call import rewriting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.balancing import Weights
    from tests.saboteurs.call import Act

MANY = 100


def seventy_twenty_ten(endpoints: int) -> list[int] | None:
    return [7, 2, 1] if endpoints == 3 else None


def half_more_for_the_first(endpoints: int) -> list[int] | None:
    return [3] + [2] * (endpoints - 1) if endpoints > 1 else None


def ninety_nine_to_one(endpoints: int) -> list[int] | None:
    return [99, 1] if endpoints == 2 else None


def last_never(endpoints: int) -> list[int] | None:
    return [1] * (endpoints - 1) + [0] if endpoints > 1 else None


def last_of_many_never(endpoints: int) -> list[int] | None:
    return [1] * (endpoints - 1) + [0] if endpoints >= MANY else None


def _by(weights: Weights) -> Act:
    return rewriting(
        nft=lambda text: balancing.nft(text, weights), iptables=lambda text: balancing.iptables(text, weights)
    )


SABOTEURS = {
    "70-20-10": _by(seventy_twenty_ten),
    "three-to-two": _by(half_more_for_the_first),
    "99-to-1": _by(ninety_nine_to_one),
    "last-never": _by(last_never),
    "last-of-100-never": _by(last_of_many_never),
}
