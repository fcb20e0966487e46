"""What conntrack knows of connections."""

from __future__ import annotations

from tests.saboteurs.register.cases import EVEN, GROWN, KILLED, OTHERS, REFUSES, astray, conformance
from tests.saboteurs.register.saboteur import Beside, Catch, Saboteur
from tests.saboteurs.transforms.conntrack import IDLE_S

_UNDER_WAY = "a new connection may be under way at the very moment"
_OF_NEW_ONES = ("availability", "error-kinds", "blast-radius", "outage", "recovery", "after", "latency")
_NEW = tuple(Beside(KILLED, check, _UNDER_WAY) for check in _OF_NEW_ONES)

# What one that is lost costs.
_OF_ONE_FLOW = ("availability", "udp-flows-lost")

(_IDLE,) = conformance("kept_flows", "idle_connections_and_flows_stay_where_they_are")
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
        (Catch(OTHERS, "udp-flows-moved"),),
        (EVEN,),
        tuple(Beside(OTHERS, check, "a datagram may be under way at the very moment") for check in _OF_ONE_FLOW),
    ),
    Saboteur(
        "conntrack-udp-of-grown-forgotten",
        "When a Service gets another endpoint, conntrack forgets the UDP flows to those that it has.",
        (Catch(GROWN, "udp-flows-moved"),),
        (OTHERS,),
        tuple(Beside(GROWN, check, "a datagram may be under way at the very moment") for check in _OF_ONE_FLOW),
    ),
    Saboteur(
        "conntrack-tcp-cut-at-deletions",
        "When a Service is deleted, conntrack forgets all TCP connections, also those to others.",
        (Catch(OTHERS, "connections-cut"),),
        (REFUSES,),
        (Beside(OTHERS, "availability", "an attempt on a connection that is cut off is lost"),),
    ),
    Saboteur(
        "conntrack-idle-udp-forgotten",
        f"Conntrack forgets UDP flows that are idle for {IDLE_S} s.",
        (Catch(_IDLE, "udp-flows-moved"),),
        (OTHERS,),
    ),
    Saboteur(
        "conntrack-udp-stale",
        "UDP flows of IPv4 go on to the backend that they had, though it is none of the Service any more.",
        tuple(Catch(case, "truth-table") for case in _REPLACED),
        (EVEN,),
        astray(*_REPLACED),
    ),
)
