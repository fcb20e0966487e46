"""What a mode may have that a case needs. A mode's file says which of these it has (gauntlet/proxy/modes/)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.version import Minor


class Feature(StrEnum):
    """In the words of `@pytest.mark.needs`."""

    ACCEPTED_FORWARDING = "accepted-forwarding"
    AFFINITY_TIMEOUT = "affinity-timeout"
    ENDPOINT_SLICES = "endpoint-slices"
    FRAGMENTS_OF_NODES = "fragments-of-nodes"
    GRACEFUL_TERMINATION = "graceful-termination"
    HALF_CLOSED = "half-closed"
    INVALID_DROPPED = "invalid-dropped"
    IPVS_SCHEDULERS = "ipvs-schedulers"
    LEAVING_NODES = "leaving-nodes"
    LOCAL_TRAFFIC_POLICY = "local-traffic-policy"
    LOCALHOST_NODE_PORT = "localhost-node-port"
    PORT_OF_A_PROCESS = "port-of-a-process"
    REFUSAL = "refusal"
    SERVES_ON = "serves-on"
    SOURCE_IP = "source-ip"
    STRICT_ARP = "strict-arp"


@dataclass(frozen=True)
class Has:
    """That a mode has a feature, from a minor version on, behind a feature gate if one is named.

    `source` says who says so: a KEP, or a file of Kubernetes. `lists` are fields of the KubeProxyConfiguration and what
    they have to list, or the gate alone does nothing.
    """

    feature: Feature
    source: str
    since: Minor = (0, 0)
    gate: str = ""
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
