"""Objects of the API as the model knows them (gauntlet/semantics/objects.py)."""

from __future__ import annotations

from gauntlet.kube.objects.nodes import ZONE, NodeObject
from gauntlet.kube.objects.services import EndpointObject, EndpointSlice, ServiceObject, ServicePort
from gauntlet.semantics import objects as model

# The newer of two names (pkg/proxy/serviceport.go of 1.31); the older one counts first.
_TOPOLOGY = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")


def service(found: ServiceObject) -> model.Service:
    spec, metadata = found.spec, found.metadata
    has_affinity = spec.session_affinity == "ClientIP"
    return model.Service(
        name=metadata.full_name,
        ports=tuple(map(_port, spec.ports)),
        cluster_ips=spec.all_cluster_ips,
        type=model.ServiceType(spec.type),
        external_ips=spec.external_ips,
        ingress=tuple(
            model.Ingress(each.ip, model.IpMode(each.ip_mode)) for each in found.status.load_balancer.ingress if each.ip
        ),
        internal_policy=model.Policy(spec.internal_traffic_policy),
        external_policy=model.Policy(spec.external_traffic_policy),
        affinity_timeout_s=spec.session_affinity_config.client_ip.timeout_seconds if has_affinity else None,
        source_ranges=spec.load_balancer_source_ranges,
        health_check_node_port=spec.health_check_node_port,
        publish_not_ready=spec.publish_not_ready_addresses,
        distribution=_distribution(spec.traffic_distribution),
        has_selector=bool(spec.selector),
        labels=frozenset(metadata.labels),
        topology_annotation=next(
            (metadata.annotations[each] for each in _TOPOLOGY if each in metadata.annotations), ""
        ),
    )


def endpoint_slice(found: EndpointSlice) -> model.EndpointSlice:
    return model.EndpointSlice(
        service=found.service,
        endpoints=tuple(map(_endpoint, found.endpoints)),
        ports=tuple(model.SlicePort(each.port, each.name, model.Protocol(each.protocol)) for each in found.ports),
        address_type=found.address_type,
        labels=frozenset(found.metadata.labels),
    )


def node(found: NodeObject) -> model.Node:
    """With the addresses that its status names, those inside first, whatever their order there (GetNodeHostIPs in
    pkg/util/node/node.go); its interfaces may have more."""
    return model.Node(
        name=found.metadata.name,
        addresses=tuple(
            each.address
            for kind in ("InternalIP", "ExternalIP")
            for each in found.status.addresses
            if each.type == kind
        ),
        zone=found.metadata.labels.get(ZONE, ""),
        pod_ranges=found.spec.pod_ranges,
    )


def _port(found: ServicePort) -> model.ServicePort:
    return model.ServicePort(found.port, found.name, model.Protocol(found.protocol), found.node_port or 0)


def _endpoint(found: EndpointObject) -> model.Endpoint:
    said, hints = found.conditions, found.hints
    return model.Endpoint(
        addresses=found.addresses,
        node=found.node_name,
        zone=found.zone,
        conditions=model.Conditions(said.ready, said.serving, said.terminating),
        hints=model.Hints(
            frozenset(each.name for each in hints.for_zones), frozenset(each.name for each in hints.for_nodes)
        ),
    )


def _distribution(value: str) -> model.Distribution:
    """One that is not known makes no hints, so that it is none."""
    return model.Distribution(value) if value in tuple(model.Distribution) else model.Distribution.NONE
