"""What a flow may see that goes on while its Service changes. Pure."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.semantics.endpoints import Copies
from gauntlet.semantics.objects import Service
from gauntlet.semantics.outcomes import Answer, Outcome, Reaction
from gauntlet.workload.catalogue.questions import merged

_QUIET = frozenset({Reaction.REFUSED, Reaction.SWALLOWED})


def of_connection(kept: Answer | None, new: Outcome | None, decided_by: str, *, serves: bool) -> Outcome | None:
    """An open connection goes on with its backend while that serves, whoever new ones go to; then nothing is said.

    `kept` is None until it is known which backend it has: then it is as a new connection, if that is answered.
    `decided_by` is the node that translates its packets, as it does those of new ones, or those that may.
    """
    if kept is not None:
        return Outcome(frozenset({Reaction.ANSWERED}), decided_by, (), (kept,)) if serves else None
    return new if new is not None and Reaction.ANSWERED in new.reactions else None


def of_datagrams(kept: Answer | None, new: Outcome | None, *, serves: bool) -> Outcome | None:
    """A UDP flow is as a new one, or stays with its backend while that serves.

    kube-proxy leaves the entries of what serves alone (CleanStaleEntries in pkg/proxy/conntrack). One that goes on is
    refused only now and then, as the kernels limit that: what is not answered may be refused or not.
    """
    if new is None:
        return None
    is_silent = Reaction.ANSWERED not in new.reactions
    if kept is not None and serves:
        quiet = replace(new, reactions=_QUIET) if is_silent else new
        stays = Outcome(frozenset({Reaction.ANSWERED}), new.decided_by, (), (kept,))
        return merged([quiet, stays])
    return replace(new, reactions=frozenset({Reaction.UNANSWERED})) if is_silent else new


def serves(kept: Answer, service: Service | None, found: Copies) -> bool:
    """Whether a backend is an endpoint of the Service that is ready, or serves while it terminates."""
    return service is not None and any(
        backend.conditions.usable
        for port, of_port in found.items()
        if port.service == service.name
        for backend in of_port.get((kept.backend.address, kept.backend.port), ())
    )
