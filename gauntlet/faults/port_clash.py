"""port-clash: two Services ask for the same NodePort. The API server refuses the second, and says so."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gauntlet.faults.fault import Needs, NoParameters, NotLanded, in_every_mode
from gauntlet.faults.journalled import JournalledFault
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.journal.store import Record, State
from gauntlet.kube.api import Api, ApiRefused, Manifest
from gauntlet.promises.promise import BlastRadius


class ClashParameters(NoParameters):
    """`port` is the NodePort that both ask for, in `namespace`. A Service that has it already is one of the two."""

    port: int = Field(default=30080, ge=1, le=65535)
    namespace: str = "default"


class PortClash(JournalledFault):
    """Touches no node: the evidence is the API server's own error."""

    name: ClassVar[str] = "port-clash"
    needs: ClassVar[Needs] = Needs(root_on_node=False)
    radius = in_every_mode(BlastRadius.NONE)
    parameters = ClashParameters
    scenarios = (
        Scenario(
            name="port-clash",
            title="two Services ask for one NodePort, and the API server refuses the second",
            description="The refusal names the port; a Service that has it already is served on.",
            tags=("ports", "api"),
            injected="two Services ask for the port",
            landed="the API server refuses the second",
            remedy=Heal(held="the API server still refuses it", heal="both are removed", hold_s=2),
            healed="neither is left",
            rolled_back="both are removed for certain",
            parameters={"port": "GAUNTLET_PORT", "namespace": "GAUNTLET_NAMESPACE"},
        ),
    )

    def intend(self) -> Record:
        self._names = [f"{self.id}-{each}" for each in ("first", "second")]
        services = tuple(f"{self._asked.namespace}/{each}" for each in self._names)
        return Record(self.id, self.name, None, State.INTENDED, delete=services)

    def act(self) -> None:
        """Ask for the port twice; the first is granted unless a Service has it already."""
        self._refusals = [refusal for name in self._names if (refusal := self._ask(name))]

    def evidence(self) -> str:
        if not self._refusals:
            raise NotLanded(f"the API server gave NodePort {self._asked.port} to two Services")
        return self._refusals[-1]

    def still(self) -> str:
        # The port may be that of a Service which was there before, so that none of the fault's own exists.
        refusal = self._ask(self._names[-1])
        if refusal is None:
            raise NotLanded(f"the API server has given NodePort {self._asked.port} to a second Service")
        return refusal

    @property
    def _asked(self) -> ClashParameters:
        assert isinstance(self.given, ClashParameters)
        return self.given

    def _ask(self, name: str) -> str | None:
        """Create a Service with the port. The API server's words where it refuses, None if it accepts."""
        service: Manifest = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {
                "type": "NodePort",
                "selector": {"gauntlet": self.id},
                "ports": [{"port": 80, "nodePort": self._asked.port}],
            },
        }
        try:
            Api(self.scene.cluster.api).post(f"/api/v1/namespaces/{self._asked.namespace}/services", service)
        except ApiRefused as error:
            if "already allocated" in error.words:
                return error.words
            raise GauntletError(f"the API server refused Service {name} for another reason: {error.words}") from None
        return None
