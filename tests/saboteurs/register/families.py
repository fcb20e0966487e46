"""The two IP families, of which each has rules of its own."""

from __future__ import annotations

from tests.saboteurs.register.cases import CLUSTER_IP, NODE_PORTS, astray, conformance
from tests.saboteurs.register.saboteur import Catch, Saboteur

_IPV4, _IPV6, _BOTH = conformance(
    "families",
    "a_service_of_ipv4_is_served_in_ipv4_alone",
    "a_service_of_ipv6_is_served_in_ipv6_alone",
    "a_service_of_both_is_served_in_both",
)
_CAUGHT = (Catch(_IPV6, "truth-table"), Catch(_BOTH, "truth-table"))
_WITNESSES = (_IPV4, CLUSTER_IP, NODE_PORTS)
_BESIDE = astray(_IPV6, _BOTH)

SABOTEURS = (
    Saboteur("families-ipv6-never", "Services are not served in IPv6.", _CAUGHT, _WITNESSES, _BESIDE),
    Saboteur("families-ipv6-node-ports-lost", "No NodePort is served in IPv6.", _CAUGHT, _WITNESSES, _BESIDE),
    Saboteur(
        "families-ipv6-endpoints-of-ipv4",
        "Services of IPv6 lead to IPv4 addresses, written as IPv6 can: ::ffff:10.244.1.2.",
        _CAUGHT,
        _WITNESSES,
        _BESIDE,
    ),
)
