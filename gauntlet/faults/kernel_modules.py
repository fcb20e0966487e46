"""Kernel modules of a node: which are loaded, and shell that keeps them from being loaded again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from gauntlet.ground.cluster import Node
from gauntlet.ground.errors import Inconclusive

# modprobe, by which the kernel loads too, reads this folder (modprobe.d(5)); a restart of the machine empties it.
_FOLDER = "/run/modprobe.d"


def loaded(node: Node) -> Mapping[str, int]:
    """The loaded modules of a node's kernel, with how many hold each: column 3 of /proc/modules."""
    lines = node.run(("cat", "/proc/modules")).stdout.splitlines()
    return {fields[0]: int(fields[2]) for fields in map(str.split, lines)}


def require_loaded(node: Node, module: str) -> int:
    """How many hold the module. Raises Inconclusive if it is not loaded, as one that is built in never is."""
    holders = loaded(node).get(module)
    if holders is None:
        raise Inconclusive(
            f"{module} is no loaded module on {node.name}", "is it built into the kernel? then nothing can unload it"
        )
    return holders


def forbid(tag: str, pattern: str) -> str:
    """Shell that lets no module whose name matches the pattern be loaded, as where it is not installed."""
    rule = shlex.quote(f"install {pattern} /bin/false")
    return f"mkdir -p {_FOLDER} && echo {rule} > {_FOLDER}/{tag}.conf"


def allow(tag: str) -> str:
    """Shell that takes that back; without effect where nothing was forbidden."""
    return f"rm -f {_FOLDER}/{tag}.conf"


def is_loaded(module: str) -> str:
    """Shell condition."""
    return f"grep -q '^{module} ' /proc/modules"
