"""Configurations of kube-proxy: where NodePorts answer, and whose connections are masqueraded.

Each case restarts every kube-proxy. The model is told what KubeProxyConfiguration it has then.
"""

import itertools
from collections.abc import Iterator

import pytest

from fixtures.between_steps import BetweenSteps
from fixtures.reconfigured import Reconfigured
from gauntlet.ground.cluster import Cluster, Json
from gauntlet.ground.errors import Inconclusive
from gauntlet.proxy.modes import traits
from gauntlet.report.judge import Judge
from gauntlet.workload import HTTP, UDP, Clients, Policy, Service, ServiceType, endpoints
from gauntlet.workload.catalogue import AT_LOCALHOST, Also, Asks, Kind, Pods, Step, Steps
from gauntlet.workload.conntrack_time_outs import ConntrackTimeOuts
from gauntlet.workload.paths import Bridges, Secondary, link_to
from gauntlet.workload.proxy_configuration import ProxyConfiguration

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("proxy-configuration"),
    pytest.mark.needs("endpoint-slices"),
    pytest.mark.needs("many-changes"),
]


@pytest.fixture
def bridges(request: pytest.FixtureRequest, clients: Clients) -> Iterator[str]:
    """The name of the bridge that the client pod of each node is behind; empty if the case wants none."""
    if "BridgeInterface" not in request.node.callspec.params.values():
        yield ""
        return
    made = Bridges(clients.nodes, [clients.pod_on(node.name) for node in clients.nodes])
    yield made.name
    made.remove()


@pytest.mark.parametrize("named", ["second-addresses", "first-addresses", "none"])
def test_node_ports_answer_where_the_configuration_says(
    named: str, cluster: Cluster, secondary: Secondary, reconfigured: Reconfigured
) -> None:
    """NodePorts answer at the addresses of nodePortAddresses and no others; without, where the mode says.

    That is at every address in iptables mode, and at those of the Node objects in nftables mode.
    """
    addresses = {
        "second-addresses": secondary.addresses,
        "first-addresses": tuple(node.address for node in cluster.nodes),
        "none": (),
    }[named]
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    asks = Asks(kinds=(Kind.NODE_PORT,), also=tuple(Also(Kind.NODE_PORT, address=each) for each in secondary.addresses))

    def steps(pods: Pods) -> Steps:
        return (Step("on each node", {service: endpoints(*pods.one_each)}, asks=asks),)

    reconfigured.ask({"nodePortAddresses": [f"{each}/32" for each in addresses]}, steps, secondary.of_nodes)


def _of_all_kinds(pods: Pods) -> Steps:
    """A Service of policy Cluster, and one of policy Local with an endpoint on one node, which all inside may ask."""
    plain = Service("plain", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    local = Service("local", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    return (Step("on each node", {plain: endpoints(*pods.one_each), local: endpoints(pods[0])}),)


def _prefix_of_links(clients: Clients) -> str:
    """What the names of all client pods' links at their nodes begin with."""
    names = [link_to(node, clients.pod_on(node.name).address) for node in clients.nodes]
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    prefix = "".join(letters[0] for letters in alike)
    if not prefix:
        raise Inconclusive(f"the names of the client pods' links have no beginning in common: {', '.join(names)}")
    return prefix


@pytest.mark.parametrize("detection", ["ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix", "nothing"])
def test_pods_are_told_from_others_as_the_configuration_says(
    detection: str, clients: Clients, bridges: str, reconfigured: Reconfigured
) -> None:
    """However kube-proxy knows its own pods (detectLocalMode), backends see them as they are, and others masqueraded.

    Without clusterCIDR it knows none: all are seen as they are at a ClusterIP, and pods are outside for policy Local.
    """
    changes: dict[str, dict[str, Json]] = {
        "ClusterCIDR": {},
        "NodeCIDR": {"detectLocalMode": "NodeCIDR"},
        "BridgeInterface": {"detectLocalMode": "BridgeInterface", "detectLocal": {"bridgeInterface": bridges}},
        "InterfaceNamePrefix": {"detectLocalMode": "InterfaceNamePrefix"},
        "nothing": {"clusterCIDR": ""},
    }
    made = changes[detection]
    if detection == "InterfaceNamePrefix":
        made["detectLocal"] = {"interfaceNamePrefix": _prefix_of_links(clients)}

    reconfigured.ask(made, _of_all_kinds)


def test_everybody_is_masqueraded_if_the_configuration_says_so(cluster: Cluster, reconfigured: Reconfigured) -> None:
    """With masqueradeAll, backends see an address of the node whoever asks at a ClusterIP, also its own pods."""
    sections = traits(cluster.mode).sections

    reconfigured.ask({each: {"masqueradeAll": True} for each in sections}, _of_all_kinds)


@pytest.mark.needs("localhost-node-port")
def test_localhost_serves_node_ports_as_soon_as_the_configuration_names_it(
    between_steps: BetweenSteps, passing_configuration: ProxyConfiguration, clients: Clients
) -> None:
    """The NodePorts of a Service that is there answer at 127.0.0.1 once nodePortAddresses names that, and only then.

    The rule: KEP-6032; kubernetes/kubernetes 142183.
    """
    nodes = clients.nodes
    ranges = [f"{each.address}/32" for each in nodes]
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)

    def steps(pods: Pods) -> Steps:
        served = {service: endpoints(*pods.one_each)}
        words = ("localhost is not named", "it is named", "it is not named any more")
        return tuple(Step(each, served, asks=AT_LOCALHOST) for each in words)

    def name(*more: str) -> None:
        passing_configuration.change({"nodePortAddresses": [*ranges, *more]}, nodes)

    between_steps.ask(steps, {0: name, 1: lambda: name("127.0.0.0/8"), 2: name})


def test_time_outs_of_conntrack_are_those_of_the_configuration(
    conntrack_time_outs: ConntrackTimeOuts, judge: Judge
) -> None:
    """How long conntrack remembers idle TCP connections, open and half-closed, is on every node what is configured."""
    # More than any kernel has by itself: until 1.28 kube-proxy made them longer and never shorter (setIntSysCtl in
    # cmd/kube-proxy/app/conntrack.go; kubernetes/kubernetes 120448).
    judge(conntrack_time_outs.set({"tcpEstablishedTimeout": 500_000, "tcpCloseWaitTimeout": 3_600}))
