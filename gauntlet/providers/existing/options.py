"""What a run asks for on somebody's cluster: which one, what may be hurt there, with which image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.errors import UsageError

_NUMBER = re.compile(r"[1-9][0-9]*")
_SHARE = re.compile(r"([1-9][0-9]?|100)%")
DEFAULT_BLAST = "1"


@dataclass(frozen=True)
class ExistingOptions:
    """Options of the provider `existing`, as they were given; empty where they were not.

    `targets` are names of nodes with commas, or a label selector; `blast` is a number of nodes, or a share (`25%`).
    """

    kubeconfig: Path | None = None
    context: str = ""
    allow_context: str = ""
    targets: str = ""
    blast: str = DEFAULT_BLAST
    client_image: str = ""


def at_once(blast: str, nodes: int) -> int:
    """How many of so many nodes may be hurt at once. A share is rounded down.

    Raises UsageError for what is neither a number nor a share, or comes to no node at all.
    """
    if _NUMBER.fullmatch(blast):
        return int(blast)
    share = _SHARE.fullmatch(blast)
    if share is None:
        raise UsageError(f"--kp-max-blast={blast} is no number of nodes", "give a number (2) or a share (25%)")
    allowed = nodes * int(share[1]) // 100
    if allowed < 1:
        raise UsageError(
            f"--kp-max-blast={blast} of {nodes} nodes is less than one node", "give a larger share, or a number"
        )
    return allowed


def is_selector(targets: str) -> bool:
    """Whether these are labels rather than names of nodes: names have none of these characters."""
    return any(sign in targets for sign in "=!() ")
