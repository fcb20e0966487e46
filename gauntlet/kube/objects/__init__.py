"""Objects of the API as values: one model a kind, whoever reads it."""

from __future__ import annotations

from gauntlet.kube.objects.containers import Container, Probe
from gauntlet.kube.objects.nodes import NodeObject
from gauntlet.kube.objects.parts import AnyObject, ApiObject, Metadata, Part, Version
from gauntlet.kube.objects.pods import PodObject, PodSpec
from gauntlet.kube.objects.services import (
    SERVICE_NAME,
    EndpointObject,
    EndpointSlice,
    ServiceObject,
    ServicePort,
    ServiceSpec,
    path_of_service,
)
from gauntlet.kube.objects.workloads import ConfigMap, DaemonSet, FelixConfiguration, Installation

__all__ = [
    "AnyObject",
    "ApiObject",
    "ConfigMap",
    "Container",
    "DaemonSet",
    "EndpointObject",
    "EndpointSlice",
    "FelixConfiguration",
    "Installation",
    "Metadata",
    "NodeObject",
    "Part",
    "PodObject",
    "PodSpec",
    "Probe",
    "SERVICE_NAME",
    "ServiceObject",
    "ServicePort",
    "ServiceSpec",
    "Version",
    "path_of_service",
]
