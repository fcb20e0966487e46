"""A program of kube-proxy with another one in front of it, which fails for kube-proxy alone. Shell for the node.

It stands there by bind mounts in the mount namespace of kube-proxy. In a container nobody else is in that; on a node of
a sandbox it is the node's own, and whoever else calls the program gets what was there before.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence

from gauntlet.ground.journal.store import Argv
from gauntlet.proxy import finder
from gauntlet.proxy.traits import Call

_SAYS = "the gauntlet lets this fail"
# bash, because what is behind it may go by the name that it is called by (xtables-nft-multi), which sh cannot give it.
# In a container without bash it fails all the same: kube-proxy finds no interpreter for it.
_FRONT = """#!/bin/bash
{{ read -r caller < "/proc/$PPID/comm"; }} 2>/dev/null
case "$caller:${{0##*/}}: $* " in
{calls}) echo '{says}' >&2; exit 1 ;;
esac
exec -a "$0" {behind} "$@"
"""
_THERE = 'for each; do if [ -e "$each" ] || [ -L "$each" ]; then echo "$each"; fi; done'
# The last mount goes first. Whoever has just begun to run what was in front still needs what is behind it.
_TAKE_AWAY = """
take_away() {
  grep -F '/TAG/' "$1/mountinfo" | cut -d ' ' -f 5 | tac | while read -r place; do
    case $place in *.behind) sleep 0.1 ;; esac
    umount --lazy --namespace "$1/ns/mnt" "$place"
  done
  rm -rf "$1/root/run/TAG"
}
take_away /proc/self
"""


def front(tag: str, tool: str, failing: Collection[Call]) -> str:
    """The program in front of `tool`. Two tools may be one file, so that it knows all calls that are to fail."""
    calls = "|".join(f"{finder.NAME}:{each.tool}:{each.arguments}" for each in failing)
    return _FRONT.format(calls=calls, says=_SAYS, behind=f"{_folder(tag)}/{tool}.behind")


def search_path(environ: str) -> tuple[str, ...]:
    """The folders of PATH in the environment of a process, as /proc/PID/environ has it."""
    found = next((each for each in environ.split("\0") if each.startswith("PATH=")), "")
    return tuple(each for each in found.removeprefix("PATH=").split(":") if each)


def there(pid: int, tools: Collection[str], folders: Sequence[str]) -> Argv:
    """Command that prints where process `pid` has these tools, below its own root, in the order of the folders."""
    places = (f"{_root(pid)}{folder}/{tool}" for tool in tools for folder in folders)
    return ("sh", "-c", _THERE, "sh", *places)


def first_places(printed: str, pid: int) -> dict[str, str]:
    """By the name of each tool that `there` printed, the place where the process finds it."""
    found: dict[str, str] = {}
    for line in printed.splitlines():
        place = line.removeprefix(_root(pid))
        found.setdefault(place.rpartition("/")[2], place)
    return found


def put(tag: str, pid: int, places: Mapping[str, str], failing: Collection[Call]) -> Argv:
    """Command that puts programs in front of those at these places, by their tools, for the process `pid`."""
    home, namespace = f"{_root(pid)}{_folder(tag)}", f"/proc/{pid}/ns/mnt"
    script = [f"mkdir -p {home}"]
    for tool in places:
        text = shlex.quote(front(tag, tool, failing))
        # Nobody can run what is there without the mount.
        script += [f"printf %s {text} > {home}/{tool}", f"chmod 755 {home}/{tool}", f": > {home}/{tool}.behind"]
    # All of what is behind first: two tools may be one file.
    mount = f"mount --namespace {namespace} --bind"
    script += [f"{mount} {shlex.quote(place)} {_folder(tag)}/{tool}.behind" for tool, place in places.items()]
    script += [f"{mount} {_folder(tag)}/{tool} {shlex.quote(place)}" for tool, place in places.items()]
    return ("sh", "-ec", "\n".join(script))


def take_away(tag: str) -> Argv:
    """Command that takes them all away, for each kube-proxy of the node; without effect if there are none."""
    script = _TAKE_AWAY.replace("TAG", tag) + finder.each('take_away "$process"') + "true"
    return ("sh", "-c", script)


def is_gone(tag: str) -> str:
    """Shell that ends with 1 if one of them is still there."""
    look = f"grep -qF '/{tag}/' %s/mountinfo && exit 1"
    return f"{look % '/proc/self'}\n{finder.each(look % '$process')}"


def _folder(tag: str) -> str:
    return f"/run/{tag}"


def _root(pid: int) -> str:
    return f"/proc/{pid}/root"
