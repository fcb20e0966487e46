"""The configuration that a running kube-proxy was given."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import Host
from gauntlet.proxy.configuration import Configuration, of_flags, options, parse

_TIMEOUT_S = 60.0


def given(node: Host, pid: int, arguments: Sequence[str]) -> Configuration | None:
    """Its file, seen through its own root, or its flags; None if the file cannot be read.

    `arguments` are those of the process, without its program.
    """
    file = options(arguments).get("config", "")
    if not file:
        return of_flags(arguments)
    shown = node.run(("cat", f"/proc/{pid}/root{file}"), check=False, timeout_s=_TIMEOUT_S)
    return parse(shown.stdout, file) if shown.code == 0 else None
