"""The faults: ways to hurt one cluster under test, each with proof that it landed and that it is healed."""

from __future__ import annotations

from gauntlet.faults.fault import Fault, Needs, NotHeld, NotLanded
from gauntlet.faults.registry import FAULTS, blast_radius, create, names
from gauntlet.promises.promise import BlastRadius

__all__ = ["FAULTS", "BlastRadius", "Fault", "Needs", "NotHeld", "NotLanded", "blast_radius", "create", "names"]
