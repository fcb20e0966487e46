"""Which process of a node is its kube-proxy: shell for the node, and what it finds."""

from __future__ import annotations

from gauntlet.ground.cluster import Host

NAME = "kube-proxy"
# Nodes may share one pid namespace (the sandbox's do), and on a node others may run in containers that are nodes
# themselves: its own is the one in its network. A child of kube-proxy that bears its name has been forked, and is about
# to become iptables or another tool. The shell does all of it itself: in an own-kernel guest each process costs 36 ms.
_EACH = """
for process in /proc/[0-9]*; do
  read -r name < "$process/comm" && [ "$name" = NAME ] || continue
  [ "$process/ns/net" -ef /proc/self/ns/net ] || continue
  read -r pid name state parent rest < "$process/stat" && [ "$state" != Z ] && [ "$state" != X ] || continue
  read -r name < "/proc/$parent/comm" && [ "$name" = NAME ] && continue
  DO
done 2>/dev/null
"""


def each(do: str) -> str:
    """Shell that does this for each kube-proxy of the node, by its `$pid`, its folder `$process` and its `$state`.

    Its errors go unheard: a process may end at any moment.
    """
    return _EACH.replace("NAME", NAME).replace("DO", do)


# Prints the process id, of several that of the youngest: an older one may be on its way out.
YOUNGEST = each('[ "$pid" -gt "${found:-0}" ] && found=$pid') + 'echo "$found"'


def pid_on(node: Host) -> int | None:
    """Process id of the kube-proxy that runs on this node, the youngest if there are several; None if none runs.

    Raises CommandFailed if no command runs on the node: then nothing is known of its processes.
    """
    found = node.run(("sh", "-c", YOUNGEST)).stdout.strip()
    return int(found) if found else None
