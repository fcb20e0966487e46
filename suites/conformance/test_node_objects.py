"""Node objects: a zone or an address that changes, one that is deleted, and one that no machine is behind."""

from dataclasses import replace

import pytest

from fixtures.between_steps import BetweenSteps
from gauntlet.checkers.availability import availability
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.undisturbed import undisturbed
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.semantics.places import Where
from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.traffic.under_way import under_way
from gauntlet.workload import HTTP, UDP, Backends, Clients, Policy, Service, ServiceType, endpoints, hinted, ready
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.catalogue import AT_NODE_PORTS, Flow, Kind, Pods, Step, Steps
from gauntlet.workload.node_objects import NodeObjects
from gauntlet.workload.paths import Secondary
from gauntlet.workload.users import asked_by

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.needs("node-objects"),
    pytest.mark.needs("endpoint-slices"),
    pytest.mark.needs("many-changes"),
]

GHOST = "node-ghost"


@pytest.mark.needs("zones")
def test_clients_follow_their_node_into_another_zone(between_steps: BetweenSteps, node_objects: NodeObjects) -> None:
    """When the label of a node's zone changes, its clients meet the endpoints meant for that zone, and when it is back.

    The rule: docs 'Topology Aware Routing'; OnTopologyChange of each proxier (pkg/proxy).
    """
    nodes = between_steps.clients.nodes
    zones = [each.node.zone for each in between_steps.tools.around.world.nodes]

    def steps(pods: Pods) -> Steps:
        service = Service("web", ports=(HTTP, UDP), app=None)
        both = endpoints(hinted(pods[0], zones=(zones[0],)), hinted(pods[1], zones=(zones[1],)))
        return tuple(Step(words, {service: both}) for words in ("at home", "moved", "at home again"))

    between_steps.ask(
        steps,
        {
            1: lambda: node_objects.put_into_zone(nodes[0].name, zones[1]),
            2: lambda: node_objects.put_into_zone(nodes[0].name, zones[0]),
        },
    )


def test_a_node_that_no_machine_is_behind_disturbs_nobody(
    between_steps: BetweenSteps, node_objects: NodeObjects
) -> None:
    """A Node comes and goes that only the API knows; an endpoint that names it is local to nobody, and serves."""

    def steps(pods: Pods) -> Steps:
        plain = Service("plain", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
        local = Service("local", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL)
        # Of one endpoint, so that it is no matter of chance whom they have.
        kept = Service("kept", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
        senders = (
            Flow("kept"),
            Flow("kept", protocol=Protocol.TCP),
            Flow("kept", Where.OUTSIDE, Kind.NODE_PORT),
        )
        one = endpoints(pods[1])
        everyone = endpoints(*pods.one_each)
        ghostly = endpoints(pods[0], replace(ready(pods[1]), node=GHOST))
        return (
            Step("without it", {plain: everyone, local: everyone, kept: one}, flows=senders),
            Step("it has come, and an endpoint names it", {plain: everyone, local: ghostly, kept: one}, flows=senders),
            Step("it has gone", {plain: everyone, local: ghostly, kept: one}, flows=senders),
        )

    zone = between_steps.tools.around.nodes[0].zone
    between_steps.ask(steps, {1: lambda: node_objects.add(GHOST, zone), 2: lambda: node_objects.take_away(GHOST)})


@pytest.mark.disruptive
@pytest.mark.needs("proxy-configuration")
def test_node_ports_follow_the_address_of_the_node_object(
    between_steps: BetweenSteps, node_objects: NodeObjects, secondary: Secondary, cluster: Cluster
) -> None:
    """A Node object gets another InternalIP, and its first one back: NodePorts answer where they do by default then.

    That is at every address in iptables mode, and at those of the Node objects in nftables mode. Nobody restarts
    kube-proxy for it (kubernetes/kubernetes 138183).
    """
    node = cluster.nodes[0]
    another = secondary.of_nodes[node.name]
    others = tuple(each for each in node.addresses if each != node.address)

    def steps(pods: Pods) -> Steps:
        service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
        return tuple(
            Step(words, {service: endpoints(*pods.one_each)}, asks=AT_NODE_PORTS)
            for words in ("the first address", "another one", "the first again")
        )

    between_steps.ask(
        steps,
        {
            1: lambda: node_objects.give_addresses(node, (*another, *others)),
            2: lambda: node_objects.give_addresses(node, node.addresses),
        },
        {node.name: (node.address, *another)},
    )


@pytest.mark.disruptive
@pytest.mark.needs("proxy-configuration")
def test_a_node_object_that_is_deleted_and_made_again_costs_nobody_an_attempt(
    node_objects: NodeObjects,
    cluster: Cluster,
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    traffic: Traffic,
    probe: Probe,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """Its node serves by the rules that it has; once the object is there again it obeys as before."""
    service = workload.serve_endpoints(
        Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None), backends.endpoints()
    )
    node = cluster.nodes[-1]
    loads = asked_by(service, clients, node)
    with under_way(traffic, evidence, loads, backends.nodes) as flows:
        node_objects.delete(node)
        node_objects.restore()
        another = workload.serve_endpoints(Service("afterwards", app=None), backends.endpoints())
        seen = flows.stop(backends.nodes)
    after = probe(clients.pods, another.cluster_ip())

    judge(undisturbed(seen, flows.declared, evidence.history(), backends.names))
    judge(availability(after), reaches_all(after, backends.names))
