"""Cases that saboteurs are caught by, or that bear witness that they change nothing else."""

from __future__ import annotations

from tests.saboteurs.register.saboteur import Beside

_CONFORMANCE = "suites/conformance/"

EVEN = f"{_CONFORMANCE}test_balance.py::test_new_connections_are_spread_evenly"
REFUSES = f"{_CONFORMANCE}test_no_endpoints.py::test_service_without_endpoints_refuses"
NODE_PORTS = f"{_CONFORMANCE}test_node_port.py::test_node_port_answers_on_every_node"
CLUSTER_IP = f"{_CONFORMANCE}test_cluster_ip.py::test_cluster_ip_reaches_every_backend"
LATENCY = f"{_CONFORMANCE}test_programming_latency.py::test_changes_of_endpoints_are_soon_in_effect_on_every_node"
KINDS = f"{_CONFORMANCE}test_programming_latency.py::test_changes_of_every_kind_are_soon_in_effect"
OTHERS = f"{_CONFORMANCE}test_kept_flows.py::test_changes_of_other_services_hurt_no_kept_flow"
NEW_BESIDE = f"{_CONFORMANCE}test_kept_flows.py::test_changes_of_other_services_cost_nobody_an_attempt"
GROWN = f"{_CONFORMANCE}test_kept_flows.py::test_an_endpoint_that_comes_and_goes_moves_nobody"
AUDIT = "suites/audit/test_audit.py::test_rules_and_flows_are_those_of_the_services_there_are"
AWAY = "suites/chaos/test_restart_proxy.py::test_what_went_while_kube_proxy_was_away_is_gone_when_it_is_back"
KILLED = "suites/chaos/test_kill_proxy.py::test_killed_proxy_costs_no_attempt"


def conformance(file: str, *names: str) -> tuple[str, ...]:
    """Node ids: `conformance("service_types", "cluster_ip_to_node_port_and_back")`."""
    return tuple(f"{_CONFORMANCE}test_{file}.py::test_{name}" for name in names)


def astray(*cases: str) -> tuple[Beside, ...]:
    """Declared cases whose other checks may fail with the one that names the bug."""
    return tuple(Beside(case, "", "who is led astray is missed elsewhere, and seen as somebody else") for case in cases)


(HAIRPIN,) = conformance("hairpin", "pod_reaches_itself_by_its_service")
SCALED, REPLACED = conformance(
    "scaling", "new_endpoints_get_connections_and_old_ones_none", "a_backend_is_replaced_by_another"
)
EXTERNAL_LOCAL, INTERNAL_LOCAL = conformance(
    "traffic_policies",
    "external_policy_local_stays_on_the_node_that_was_asked",
    "internal_policy_local_stays_on_the_node",
)
