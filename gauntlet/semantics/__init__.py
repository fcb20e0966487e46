"""The model: API objects, the proxies' configuration and the client's place → what may happen to a connection.

Pure: it reads nothing and asks nobody. Where modes differ, it is told so by their traits (gauntlet/proxy/modes/).
"""

from __future__ import annotations

from gauntlet.semantics.expectation import expected
from gauntlet.semantics.outcomes import Outcome, Reaction

__all__ = ["Outcome", "Reaction", "expected"]
