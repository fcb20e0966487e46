"""Where the modes of kube-proxy differ by design. A mode's file says which of these it does (gauntlet/proxy/modes/)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LocalPolicy(StrEnum):
    """What a mode makes of a traffic policy Local."""

    SHORT_CIRCUIT = "clients inside reach all endpoints at external addresses; without own endpoints: dropped"
    OWN_FIRST = "the node's own endpoints for everybody; without them, those of all nodes"
    IGNORED = "policies and hints are not known"


class SourceRanges(StrEnum):
    """When a mode looks at loadBalancerSourceRanges."""

    WITH_ENDPOINTS = "only if there are endpoints; otherwise everybody is refused"
    FIRST = "before all else"
    IGNORED = "never"


@dataclass(frozen=True)
class Behaviour:
    """One mode. `refuses` is whether clients of a Service without endpoints are refused, and `refuses_itself` whether a
    node refuses its own connections to external and load balancer IPs, too, or sends them on into the network.

    `connects` is whether kube-proxy connects endpoints itself, `binds_addresses` whether it gives the node the external
    addresses of Services, and `reads_slices` whether slices written by hand count.
    """

    local_policy: LocalPolicy
    source_ranges: SourceRanges
    refuses: bool
    refuses_itself: bool
    connects: bool
    binds_addresses: bool
    reads_slices: bool
