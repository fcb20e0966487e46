"""Objects of the API become those of the model, with nothing lost."""

from __future__ import annotations

from gauntlet.ground.cluster import Json
from gauntlet.ground.family import Family
from gauntlet.kube.objects import EndpointSlice, NodeObject, ServiceObject, modelled
from gauntlet.semantics import objects as model

FULL: Json = {
    "metadata": {
        "name": "web", "namespace": "shop", "labels": {"team": "x"},
        "annotations": {"service.kubernetes.io/topology-mode": "Auto"},
    },
    "spec": {
        "type": "LoadBalancer", "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10", "fd00:96::10"],
        "externalIPs": ["198.51.100.32"], "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}, {"port": 53, "protocol": "SCTP"}],
        "internalTrafficPolicy": "Local", "externalTrafficPolicy": "Local", "healthCheckNodePort": 32000,
        "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 30}},
        "loadBalancerSourceRanges": ["192.0.2.0/24"], "publishNotReadyAddresses": True,
        "trafficDistribution": "PreferSameNode",
    },
    "status": {"loadBalancer": {"ingress": [
        {"ip": "203.0.113.7"}, {"hostname": "lb.example"}, {"ip": "203.0.113.8", "ipMode": "Proxy"},
    ]}},
}  # fmt: skip


def service(spec: Json, labels: Json = None) -> model.Service:
    made = {"metadata": {"name": "web", "namespace": "shop", "labels": labels}, "spec": spec}
    return modelled.service(ServiceObject.model_validate(made))


def test_a_service() -> None:
    assert modelled.service(ServiceObject.model_validate(FULL)) == model.Service(
        "shop/web",
        (model.ServicePort(80, "http", model.Protocol.TCP, 30080), model.ServicePort(53, "", model.Protocol.SCTP)),
        cluster_ips=("10.96.0.10", "fd00:96::10"),
        type=model.ServiceType.LOAD_BALANCER,
        external_ips=("198.51.100.32",),
        ingress=(model.Ingress("203.0.113.7"), model.Ingress("203.0.113.8", model.IpMode.PROXY)),
        internal_policy=model.Policy.LOCAL,
        external_policy=model.Policy.LOCAL,
        affinity_timeout_s=30,
        source_ranges=("192.0.2.0/24",),
        health_check_node_port=32000,
        publish_not_ready=True,
        distribution=model.Distribution.PREFER_SAME_NODE,
        labels=frozenset({"team"}),
        topology_annotation="Auto",
    )


def test_what_a_service_does_not_say() -> None:
    found = service({"clusterIP": "10.96.0.10", "ports": [{"port": 80}]})
    assert found == model.Service("shop/web", (model.ServicePort(80),), ("10.96.0.10",), has_selector=False)


def test_a_headless_service_and_an_external_name_have_no_address() -> None:
    assert service({"clusterIP": "None", "clusterIPs": ["None"]}).cluster_ips == ()
    assert service({"type": "ExternalName"}).cluster_ips == ()


def test_a_distribution_that_is_not_known_is_none() -> None:
    assert service({"clusterIP": "10.96.0.10", "trafficDistribution": "New"}).distribution is model.Distribution.NONE


def test_a_slice() -> None:
    made = EndpointSlice.model_validate(
        {
            "metadata": {"name": "web-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv6",
            "endpoints": [
                {
                    "addresses": ["fd00::1"], "nodeName": "a", "zone": "west",
                    "conditions": {"ready": False, "serving": True, "terminating": True},
                    "hints": {"forZones": [{"name": "west"}], "forNodes": [{"name": "a"}]},
                },
                {"addresses": ["fd00::2"], "conditions": {"ready": None}, "hints": None},
            ],
            "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}, {"port": None}],
        }
    )  # fmt: skip
    assert modelled.endpoint_slice(made) == model.EndpointSlice(
        "shop/web",
        (
            model.Endpoint(
                ("fd00::1",), "a", "west", model.Conditions(ready=False, serving=True, terminating=True),
                model.Hints(frozenset({"west"}), frozenset({"a"})),
            ),
            model.Endpoint(("fd00::2",)),
        ),
        (model.SlicePort(53, "dns", model.Protocol.UDP), model.SlicePort(0)),
        Family.IPV6,
        frozenset({"kubernetes.io/service-name"}),
    )  # fmt: skip


def test_a_node() -> None:
    made = NodeObject.model_validate(
        {
            "metadata": {"name": "a", "labels": {"topology.kubernetes.io/zone": "west"}},
            "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24", "fd00:244:0:1::/64"]},
            "status": {"addresses": [
                {"type": "Hostname", "address": "a"}, {"type": "InternalIP", "address": "172.18.0.11"},
                {"type": "InternalIP", "address": "fd00:18::11"},
            ]},
        }
    )  # fmt: skip
    assert modelled.node(made) == model.Node(
        "a", ("172.18.0.11", "fd00:18::11"), "west", ("10.244.1.0/24", "fd00:244:0:1::/64")
    )


def test_the_address_of_a_node_is_its_first_one_inside() -> None:
    """GetNodeHostIPs in pkg/util/node/node.go: some clouds name the one outside first."""
    addresses = [{"type": "ExternalIP", "address": "203.0.113.5"}, {"type": "InternalIP", "address": "172.18.0.11"}]
    made = modelled.node(NodeObject.model_validate({"metadata": {"name": "a"}, "status": {"addresses": addresses}}))
    assert made.primary(Family.IPV4) == "172.18.0.11"
    assert made.addresses == ("172.18.0.11", "203.0.113.5")
