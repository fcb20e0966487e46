"""Which process of a node is its kube-proxy."""

from __future__ import annotations

from gauntlet.ground.cluster import Host

# Where a sandbox node keeps it.
PID_FILE = "/run/kube-proxy.pid"
# Elsewhere: the youngest in the node's own network, for others may run in containers that are nodes themselves. A child
# of kube-proxy that bears its name has been forked, and is about to become iptables or another tool.
_YOUNGEST = """
own=$(readlink /proc/1/ns/net)
for comm in /proc/[0-9]*/comm; do
  read -r name < "$comm" && [ "$name" = kube-proxy ] || continue
  process=${comm%/comm}
  [ "$(readlink "$process/ns/net")" = "$own" ] || continue
  read -r pid name state parent rest < "$process/stat" && [ "$state" != Z ] || continue
  read -r name < "/proc/$parent/comm" && [ "$name" = kube-proxy ] || echo "$pid"
done 2>/dev/null | sort -n | tail -n 1
"""


def pid_on(node: Host) -> int | None:
    """Process id of the kube-proxy that runs on this node; None if none runs."""
    done = node.run(["sh", "-c", f"read -r pid < {PID_FILE} && kill -0 $pid && echo $pid"], check=False)
    return int(done.stdout) if done.code == 0 else None


def youngest_on(node: Host) -> int | None:
    """Process id of the kube-proxy that runs on this node, of whose processes all can be seen; None if none runs."""
    found = node.run(["sh", "-c", _YOUNGEST]).stdout.strip()
    return int(found) if found else None


def noting_pid(argv: list[str]) -> list[str]:
    """The command that writes its process id to that file and becomes `argv`."""
    return ["sh", "-c", f'echo $$ > {PID_FILE}; exec "$@"', "sh", *argv]
