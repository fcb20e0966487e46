"""Where a sandbox node keeps the process id of its kube-proxy."""

from __future__ import annotations

from gauntlet.cluster import Host

PID_FILE = "/run/kube-proxy.pid"


def pid_on(node: Host) -> int | None:
    """Process id of the kube-proxy that runs on this node; None if none runs."""
    done = node.run(["sh", "-c", f"read -r pid < {PID_FILE} && kill -0 $pid && echo $pid"], check=False)
    return int(done.stdout) if done.code == 0 else None


def noting_pid(argv: list[str]) -> list[str]:
    """The command that writes its process id to that file and becomes `argv`."""
    return ["sh", "-c", f'echo $$ > {PID_FILE}; exec "$@"', "sh", *argv]
