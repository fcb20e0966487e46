"""A declared Service turned into an API object (core/v1 Service), and into a change of one that is there."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.ground.cluster import Json
from gauntlet.kube.api import Manifest
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.workload.backend import APP_LABEL
from gauntlet.workload.service import Port, Service

# If a change does not mention them, the API server keeps what it allocated (patchAllocatedValues, initIPFamilyFields in
# pkg/registry/core/service/storage), or drops it if the new type has none (dropTypeDependentFields in its strategy).
_ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def service(wanted: Service) -> Manifest:
    """What is posted to create it."""
    metadata: Manifest = {"name": wanted.name, "labels": {**MANAGED_BY, **wanted.labels}}
    if wanted.annotations:
        metadata["annotations"] = dict(wanted.annotations)
    spec = {name: value for name, value in _spec(wanted).items() if value is not None}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def change(before: Service, wanted: Service) -> Manifest:
    """A merge patch that makes one Service of the other, with what the API server allocated left as it is.

    What the new one does not say is taken away (null). What others wrote, finalizers, say, stays.
    """
    return {
        "metadata": {
            "labels": _changed(before.labels, wanted.labels),
            "annotations": _changed(before.annotations, wanted.annotations),
        },
        "spec": {name: value for name, value in _spec(wanted).items() if value is not None or name not in _ALLOCATED},
    }


def wire(port: Port) -> str:
    """Its protocol, as the API writes it."""
    return str(port.protocol).upper()


def _spec(wanted: Service) -> Manifest:
    """Every field of a spec that can be declared; None for what is not said."""
    is_name = wanted.type is ServiceType.EXTERNAL_NAME
    is_sticky = wanted.affinity_timeout_s is not None
    # A policy where the API allows none is sent on, for the API to refuse.
    has_external_policy = wanted.is_external or wanted.external_traffic is not Policy.CLUSTER
    has_internal_policy = not is_name or wanted.internal_traffic is not Policy.CLUSTER
    cluster_ips = ("None",) if wanted.headless else wanted.cluster_ips
    return {
        "type": str(wanted.type),
        "ports": [_port(each) for each in wanted.ports],
        "selector": None if wanted.app is None else {APP_LABEL: wanted.app},
        "clusterIP": cluster_ips[0] if cluster_ips else None,
        "clusterIPs": list(cluster_ips) or None,
        "ipFamilies": [str(each) for each in wanted.ip_families] or None,
        "ipFamilyPolicy": None if wanted.ip_family_policy is None else str(wanted.ip_family_policy),
        "externalIPs": list(wanted.external_ips) or None,
        "externalName": wanted.external_name or None,
        "sessionAffinity": "ClientIP" if is_sticky else None,
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": wanted.affinity_timeout_s}} if is_sticky else None,
        "externalTrafficPolicy": str(wanted.external_traffic) if has_external_policy else None,
        "internalTrafficPolicy": str(wanted.internal_traffic) if has_internal_policy else None,
        "healthCheckNodePort": wanted.health_check_node_port or None,
        "loadBalancerClass": wanted.load_balancer_class or None,
        "loadBalancerSourceRanges": list(wanted.source_ranges) or None,
        # True is what the API makes of nothing said, for this type alone.
        "allocateLoadBalancerNodePorts": None if wanted.allocate_node_ports else False,
        "publishNotReadyAddresses": wanted.publish_not_ready or None,
        "trafficDistribution": str(wanted.traffic_distribution) or None,
    }


def _port(port: Port) -> Manifest:
    made: Manifest = {"port": port.number, "targetPort": port.target, "protocol": wire(port)}
    if port.name:
        made["name"] = port.name
    if port.node_port:
        made["nodePort"] = port.node_port
    return made


def _changed(before: Mapping[str, str], wanted: Mapping[str, str]) -> Mapping[str, Json]:
    return {**dict.fromkeys(before), **wanted}
