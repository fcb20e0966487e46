"""Outcome: what a client may see at one frontend, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.semantics.endpoints import Backend
from gauntlet.semantics.rules import Rule


class Reaction(StrEnum):
    """UNANSWERED: no backend answers; whether the client is refused or hears nothing is for the network to say.

    UNHANDLED: kube-proxy has no part in it, and what comes of it is not in the model.
    """

    ANSWERED = "answered"
    REFUSED = "refused"
    SWALLOWED = "swallowed"
    UNANSWERED = "unanswered"
    UNHANDLED = "unhandled"


class SourceKind(StrEnum):
    """What a backend sees as the source of a connection."""

    CLIENT = "the client's address"
    NODE = "an address of the node"
    FRONTEND = "the address that was asked"


@dataclass(frozen=True)
class Source:
    """`node` is the node whose address it is, if it is one's."""

    kind: SourceKind
    node: str = ""


@dataclass(frozen=True)
class Answer:
    """What a backend may do. It sees one of `sources`; `comes_back` says whether the client gets its answer.

    None: that depends on what the model does not know.
    """

    backend: Backend
    sources: frozenset[Source]
    comes_back: bool | None = True


@dataclass(frozen=True)
class Outcome:
    """Each attempt must see one of `reactions`; who answers must be one of `backends`.

    New connections are spread evenly among all `answers`, also those that do not come back. With affinity, each client
    keeps one of them for `affinity_timeout_s`. `rules` are those that decided, in order, at the node `decided_by`.
    """

    reactions: frozenset[Reaction]
    decided_by: str
    rules: tuple[Rule, ...]
    answers: tuple[Answer, ...] = ()
    affinity_timeout_s: int | None = None

    @property
    def backends(self) -> frozenset[Backend]:
        """Those whose answers may reach the client."""
        return frozenset(each.backend for each in self.answers if each.comes_back is not False)

    @property
    def balanced(self) -> frozenset[Backend]:
        """Those among which new connections are spread."""
        return frozenset(each.backend for each in self.answers)

    def sources(self, backend: Backend) -> frozenset[Source]:
        """What this backend may see as the client's address; nothing if it is not to be asked at all."""
        return frozenset(source for each in self.answers if each.backend == backend for source in each.sources)

    def __str__(self) -> str:
        """`answered by 10.0.0.1:80, 10.0.0.2:80`, `refused`, `swallowed or answered by 10.0.0.1:80`."""
        return in_words(self.reactions, map(str, self.backends))


def in_words(reactions: Iterable[Reaction], backends: Iterable[str]) -> str:
    """`swallowed or answered by 10.0.0.1:80`; nothing for no reaction."""
    who = ", ".join(sorted(backends))
    return " or ".join(sorted(f"{each} by {who}" if each is Reaction.ANSWERED else str(each) for each in reactions))
