"""Addresses that nobody has: those for documentation (RFC 5737, RFC 3849).

What a case asks at an address of its own choice, or names as a source, is of these ranges and so meets nobody: external
IPs, another range of ClusterIPs, endpoints that are only counted, source ranges that let nobody in. No router is to
pass them on; a provider whose nodes have a way to a network does not count on that.
"""

from __future__ import annotations

RANGES = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
# Source ranges, one of each family, that no client is in.
SOURCES = ("192.0.2.0/24", "2001:db8:1::/48")
