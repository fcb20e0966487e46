"""DaemonSets (apps/v1), ConfigMaps (core/v1), and how CNIs are set up (the resources of Calico)."""

from __future__ import annotations

from pydantic import Field

from gauntlet.kube.objects.parts import ApiObject, Metadata, Part
from gauntlet.kube.objects.pods import PodSpec


class PodTemplate(Part):
    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class DaemonSetSpec(Part):
    template: PodTemplate = PodTemplate()


class DaemonSetStatus(Part):
    desired_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0
    observed_generation: int = 0


class DaemonSet(ApiObject):
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()

    @property
    def is_observed(self) -> bool:
        """Whether the controller has seen its newest spec."""
        return self.status.observed_generation >= self.metadata.generation

    @property
    def is_rolled_out(self) -> bool:
        """Whether each of its pods is of its newest template and ready, and the controller has seen that template."""
        status = self.status
        even = status.desired_number_scheduled == status.updated_number_scheduled == status.number_ready
        return self.is_observed and even


class ConfigMap(ApiObject):
    data: dict[str, str] = Field(default={})


class FelixSpec(Part):
    bpf_enabled: bool = False


class FelixConfiguration(Part):
    spec: FelixSpec = FelixSpec()


class CalicoNetwork(Part):
    linux_dataplane: str = ""


class InstallationSpec(Part):
    calico_network: CalicoNetwork = CalicoNetwork()


class Installation(Part):
    spec: InstallationSpec = InstallationSpec()
