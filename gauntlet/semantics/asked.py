"""Rows of a table: who asks what, what the model allows there, and how much is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.semantics.frontends import Frontend
from gauntlet.semantics.outcomes import Outcome, Reaction
from gauntlet.semantics.places import Place
from gauntlet.semantics.truth_table import Question

# That chance alone misses one of the backends, or stays with one of them though no affinity holds it there.
BY_CHANCE = 1e-7


class Effort(StrEnum):
    """What the attempts at a row are to show, beside that each of them is as the model says."""

    EVERY_BACKEND = "each backend is met"
    ONE_BACKEND = "one backend is kept"
    ANSWERS = "nothing more"


@dataclass(frozen=True)
class Row:
    """`number` is its own in the history of a case. `client` is a host's name, `service` namespace/name.

    `flow` says of what goes on from one socket what that is; of a row of new connections it is empty. `local_port` is
    that socket's if it was chosen for it, which is chance: it is shown, and tells no rows of two clusters apart.
    """

    number: int
    client: str
    place: Place
    service: str
    frontend: Frontend
    outcome: Outcome
    effort: Effort
    flow: str = ""
    local_port: int | None = None

    @property
    def question(self) -> Question:
        flow = self.flow if self.local_port is None else f"{self.flow} {self.local_port}"
        client = f"{flow} of {self.place}" if flow else str(self.place)
        return Question(client, f"{self.service.partition('/')[2]} {self.frontend}")

    @property
    def is_answered(self) -> bool:
        """Whether every attempt must be answered."""
        return self.outcome.reactions == {Reaction.ANSWERED}

    @property
    def is_refused(self) -> bool:
        return self.outcome.reactions == {Reaction.REFUSED}


def enough_to_meet(backends: int) -> int:
    """Attempts after which chance has left out one of so many backends with a probability below BY_CHANCE."""
    if backends <= 1:
        return 1
    return math.ceil(math.log(BY_CHANCE / backends) / math.log(1 - 1 / backends))


def enough_to_stay(backends: int) -> int:
    """Attempts after which chance has met one single backend of so many with a probability below BY_CHANCE."""
    return 2 if backends <= 1 else 1 + math.ceil(math.log(BY_CHANCE) / -math.log(backends))
