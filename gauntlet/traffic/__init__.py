"""Traffic: Locust agents inside the clients' namespaces, and what starts, stops and collects them.

The names below are loaded on first use (PEP 562). That keeps this package's own import free of side
effects, which matters twice: the agent process must import Locust before anything that Locust patches,
and pytest must never import Locust at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gauntlet.traffic.flow import Flow, Traffic
    from gauntlet.traffic.held import Held
    from gauntlet.traffic.load import Ask, Load, Target

__all__ = ["Ask", "Flow", "Held", "Load", "Target", "Traffic"]

_HOME = {
    "Ask": "gauntlet.traffic.load",
    "Flow": "gauntlet.traffic.flow",
    "Held": "gauntlet.traffic.held",
    "Load": "gauntlet.traffic.load",
    "Target": "gauntlet.traffic.load",
    "Traffic": "gauntlet.traffic.flow",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
