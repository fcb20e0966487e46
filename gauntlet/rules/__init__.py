"""What a node's kernel would do with a Service address: the rules of kube-proxy, read into one model."""

from __future__ import annotations

from gauntlet.rules.explanation import explain
from gauntlet.rules.forwarding import Action, Forwarding, Route, RuleSize, Share
from gauntlet.rules.reading import mode_of, read, size

__all__ = ["Action", "Forwarding", "Route", "RuleSize", "Share", "explain", "mode_of", "read", "size"]
