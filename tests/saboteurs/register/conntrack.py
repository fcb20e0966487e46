"""What conntrack knows of connections."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, KILLED, astray, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur

_UNDER_WAY = "a new connection may be under way at the very moment"
_OF_NEW_ONES = ("availability", "error-kinds", "blast-radius", "outage", "recovery", "after", "latency")
_NEW = tuple(Beside(KILLED, check, _UNDER_WAY) for check in _OF_NEW_ONES)

# What one that is lost costs.
_OF_ONE_FLOW = ("availability", "udp-flows-lost")

(_KEPT,) = conformance("kept_flows", "changes_of_other_services_hurt_no_kept_flow")
_REPLACED = conformance(
    "udp_flows",
    "udp_flows_at_a_cluster_ip_follow_a_replaced_backend",
    "udp_flows_at_a_node_port_follow_a_replaced_backend",
)

SABOTEURS = (
    Saboteur(
        "conntrack-tcp-cut",
        "Each sync makes conntrack forget all TCP connections, so that kept ones are reset by some other backend.",
        (Catch(KILLED, "connections-cut"),),
        (f"{EVEN}[udp]",),
        _NEW,
    ),
    Saboteur(
        "conntrack-udp-forgotten",
        "Each sync makes conntrack forget all UDP flows, so that their datagrams go on to some other backend.",
        (Catch(KILLED, "udp-flows-moved"),),
        (f"{EVEN}[tcp]",),
        _NEW,
    ),
    Saboteur(
        "conntrack-udp-of-one-forgotten",
        "Each change of Services makes conntrack forget the UDP flows of some other Service.",
        (Catch(_KEPT, "udp-flows-moved"),),
        (EVEN,),
        tuple(Beside(_KEPT, check, "a datagram may be under way at the very moment") for check in _OF_ONE_FLOW),
    ),
    Saboteur(
        "conntrack-udp-stale",
        "UDP flows of IPv4 go on to the backend that they had, though it is none of the Service any more.",
        tuple(Catch(case, "truth-table") for case in _REPLACED),
        (EVEN,),
        astray(*_REPLACED),
    ),
)
