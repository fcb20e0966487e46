"""The state machine: changes that nobody thought of, one after the other, each judged as a declared case is.

A sequence of moves is drawn by Hypothesis, turned into steps, and tried somewhere. What fails is made shorter, printed
as plain steps, and saved, so that it is tried again from then on.
"""

from __future__ import annotations

from gauntlet.workload.state_machine.moves import Kind, Move, Sequence
from gauntlet.workload.state_machine.saved import Saved
from gauntlet.workload.state_machine.state import State, steps

__all__ = ["Kind", "Move", "Saved", "Sequence", "State", "steps"]
