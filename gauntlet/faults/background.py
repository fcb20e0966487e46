"""Processes that stay on a node after the command that started them: scripts to start and to end them.

Each has a tag, which stands in its command line and names its pid file, so that it can be ended later by anyone
who knows the tag, without ever hitting a process that has got the same number since.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gauntlet.ground.cluster import Node
from gauntlet.ground.journal.store import Argv

# Where the files of such processes, and the notes of faults, are on a node. A restart of the node empties it.
FOLDER = "/run"

# Into the cgroups of the node's first process: in those of a pod by which the node was reached, it would end with that.
_LEAVE = (
    "while IFS=: read -r number kind path; do "
    "at=/sys/fs/cgroup/${kind#name=}; "
    # Where both versions of cgroups are, the second has a folder of its own.
    '[ -n "$kind" ] || [ ! -d /sys/fs/cgroup/unified ] || at=/sys/fs/cgroup/unified; '
    '[ -w "$at$path/cgroup.procs" ] && echo $$ > "$at$path/cgroup.procs"; '
    "done < /proc/1/cgroup 2>/dev/null; "
)


def start(tag: str, argv: Sequence[str]) -> Argv:
    """Command that starts `argv` in a session of its own and returns when its pid is on file."""
    launch = f'{_LEAVE}echo $$ > {pid_file(tag)}; exec "$@"'
    return (
        "sh",
        "-c",
        f"setsid -f sh -c {shlex.quote(launch)} sh {shlex.join(argv)} </dev/null >/dev/null 2>&1 && "
        f"until [ -s {pid_file(tag)} ]; do sleep 0.01; done",
    )


def end(tag: str, *files: str) -> Argv:
    """Command that kills the process with this tag and its children, and deletes its files and these.

    Without effect where there are none.
    """
    return (
        "sh",
        "-c",
        f"rm -f {' '.join((_fired_file(tag), *files))}; pid=$(cat {pid_file(tag)} 2>/dev/null) || exit 0; "
        f"tr '\\0' ' ' < /proc/$pid/cmdline 2>/dev/null | grep -qF {tag} && kill -KILL -$pid; "
        f"rm -f {pid_file(tag)}",
    )


def is_gone(tag: str) -> str:
    """Shell condition: no process with this tag is left. The brackets keep it from finding itself."""
    return f"! grep -qs -e '[{tag[0]}]{tag[1:]}' /proc/[0-9]*/cmdline"


def dead_man(tag: str, after_s: float, undo: Sequence[Argv]) -> Argv:
    """Command that starts a timer on the node: after `after_s` seconds it runs `undo`, unless it was ended."""
    commands = "; ".join(shlex.join(argv) for argv in undo)
    script = f"sleep {after_s:g}; : > {_fired_file(tag)}; {commands}; rm -f {pid_file(tag)}"
    return start(tag, ("sh", "-c", script, tag))


def has_fired(node: Node, tag: str) -> bool:
    """Whether the timer with this tag has begun to undo, or is gone. `end` takes its mark away."""
    # Two commands: the one that looks for processes with the tag would meet itself if it named the mark.
    looks = ("test", "-e", _fired_file(tag)), ("sh", "-c", is_gone(tag))
    return any(node.run(look, check=False).code == 0 for look in looks)


def pid_file(tag: str) -> str:
    """Where the number of the process with this tag is."""
    return f"{FOLDER}/{tag}.pid"


def _fired_file(tag: str) -> str:
    return f"{FOLDER}/{tag}.fired"
