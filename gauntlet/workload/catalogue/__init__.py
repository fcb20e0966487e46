"""The catalogue: cases that declare what is served, step by step, and the engine that runs many of them together.

A case says nothing of how it is asked or judged: the engine makes the Services of all cases at once, waits for them
once, asks them as one table, and holds each answer against the model (gauntlet/semantics/).
"""

from __future__ import annotations

from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.places import Where
from gauntlet.workload.catalogue.pods import Pods
from gauntlet.workload.catalogue.step import (
    AT_LOAD_BALANCERS,
    AT_LOCALHOST,
    AT_NODE_PORTS,
    Also,
    Asks,
    Flow,
    Step,
    Steps,
)

__all__ = [
    "AT_LOAD_BALANCERS",
    "AT_LOCALHOST",
    "AT_NODE_PORTS",
    "Also",
    "Asks",
    "Flow",
    "Kind",
    "Pods",
    "Step",
    "Steps",
    "Where",
]
