"""One run of kube-proxy on a node, told from the next by its start time."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.ground.cluster import Node
from gauntlet.ground.errors import Inconclusive


@dataclass(frozen=True)
class ProxyProcess:
    """One run of kube-proxy. `started` is its start time in clock ticks: pids are used again, these pairs are not."""

    pid: int
    started: str

    def state(self, node: Node) -> str | None:
        """The letter of its state in proc(5); None if it is gone or a zombie. Raises CommandFailed as `present`."""
        found = _stat(node, self.pid)
        if found is None or found[1] != self.started or found[0] in ("Z", "X"):
            return None
        return found[0]

    def is_this(self) -> str:
        """Shell condition: the process is there and is still the same one."""
        return f'[ "$(cut -d " " -f 22 /proc/{self.pid}/stat 2>/dev/null)" = {self.started} ]'

    def send(self, signal: str) -> str:
        """Shell that sends it a signal. It may be gone, before or meanwhile; else the signal has to reach it."""
        return f"if {self.is_this()}; then kill -{signal} {self.pid} || ! {self.is_this()}; fi"


def running(node: Node) -> ProxyProcess:
    """The kube-proxy that runs on this node. Raises Inconclusive if none does, and CommandFailed as `present` does."""
    found = present(node)
    if found is None:
        raise Inconclusive(f"no kube-proxy runs on {node.name}", "look at its log; was it hurt before?")
    return found


def present(node: Node) -> ProxyProcess | None:
    """The kube-proxy that runs on this node; None if none does.

    Raises CommandFailed if no command runs on the node: then nothing is known of its processes.
    """
    pid = node.proxy_pid()
    found = None if pid is None else _stat(node, pid)
    return None if pid is None or found is None else ProxyProcess(pid, found[1])


def _stat(node: Node, pid: int) -> tuple[str, str] | None:
    """State letter and start time of a process on the node; None if it is gone."""
    read = node.run(("cat", f"/proc/{pid}/stat"), check=False)
    if read.code != 0:
        node.run(("true",))  # fails if it is the node that says nothing
        return None
    # Field 2, the name in brackets, may hold spaces; fields 3 and 22 are counted from behind it.
    fields = read.stdout.rpartition(")")[2].split()
    return fields[0], fields[19]
