"""What a node's kernel would do with a Service address: the rules of kube-proxy, read into one model."""

from __future__ import annotations

from gauntlet.proxy.rules.explanation import explain
from gauntlet.proxy.rules.forwarding import Action, Forwarding, Route, RuleSize, Share
from gauntlet.proxy.rules.reading import read, size

__all__ = ["Action", "Forwarding", "Route", "RuleSize", "Share", "explain", "read", "size"]
