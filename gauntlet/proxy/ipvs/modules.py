"""Reads what /sys/module says of the modules of IPVS (Documentation/ABI/testing/sysfs-module)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gauntlet.proxy.ipvs.model import Module

ROOT = "/sys/module/"
# Patterns for a shell. The kernel's own hold and release modules at any time: a file may be gone when it is read.
FOLDERS = f"{ROOT}ip_vs* {ROOT}ip_vs*/holders/*"
FILES = f"{ROOT}ip_vs*/refcnt {ROOT}ip_vs*/initstate"


def parse(paths: Iterable[str], texts: Mapping[str, str]) -> tuple[Module, ...]:
    """The modules among `paths` (folders, and what stands in their `holders`), by name; `texts` are files' contents."""
    holders: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.removeprefix(ROOT).partition("/")
        # A shell leaves a pattern that nothing matched as it is.
        if "*" in path or not path.startswith(ROOT):
            continue
        found = holders.setdefault(name, [])
        if rest.startswith("holders/"):
            found.append(rest.removeprefix("holders/"))
    return tuple(_module(name, tuple(sorted(holders[name])), texts) for name in sorted(holders))


def _module(name: str, holders: tuple[str, ...], texts: Mapping[str, str]) -> Module:
    count = texts.get(f"{ROOT}{name}/refcnt", "").strip()
    # What is built in has neither file.
    state = texts.get(f"{ROOT}{name}/initstate", "").strip() or "live"
    return Module(name, int(count) if count.removeprefix("-").isdecimal() else None, holders, state)
