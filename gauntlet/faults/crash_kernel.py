"""crash-kernel: a node's machine loses its power, and is booted again."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import Needs, NotLanded, in_every_mode
from gauntlet.faults.journalled import JournalledFault
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.ground.cluster import MachineState, OwnKernelNode
from gauntlet.ground.journal.store import Record, State
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy import health as proxy_health
from gauntlet.proxy.modes import traits


class CrashKernel(JournalledFault):
    """Nothing is left on the node that could undo it: no timer, but the journal and the end of the cluster."""

    name: ClassVar[str] = "crash-kernel"
    needs: ClassVar[Needs] = Needs(own_kernel=True)
    radius = in_every_mode(BlastRadius.BACKENDS_ON_HURT_NODE)
    scenarios = (
        Scenario(
            name="crash-kernel",
            title="a node's machine loses its power, and is booted again",
            description="Pods keep their addresses; the node comes back with an empty kernel, and kube-proxy writes "
            "everything anew.",
            tags=("kernel", "node"),
            injected="the machine loses its power",
            landed="it is off and answers no command",
            remedy=Heal(held="it is still off", heal="it is booted", hold_s=4),
            healed="its kube-proxy is healthy",
            rolled_back="it is booted where it is off",
        ),
    )

    def intend(self) -> Record:
        node = self.scene.node
        # In a mode that answers early, the first answer of a Service may be its last for a while.
        synced = traits(self.scene.cluster.mode).synced
        complete = f" && {{ {synced} }}" if synced else ""
        answers = proxy_health.answers_script(self.scene.cluster)
        check = f"{proxy_health.healthy_script(node)}{complete} && {answers}"
        return Record(self.id, self.name, node.name, State.INTENDED, check=("bash", "-c", check), boot=True)

    def act(self) -> None:
        self._machine.crash()

    def evidence(self) -> str:
        node = self._machine
        state = node.state()
        tried = node.run(("true",), check=False)
        if state is not MachineState.OFF or tried.code == 0:
            raise NotLanded(f"the machine of {node.name} is {state}; a command there ended with {tried.code}")
        return f"the machine of {node.name} is {state}; a command there ends with {tried.code}"

    @property
    def _machine(self) -> OwnKernelNode:
        node = self.scene.node
        assert isinstance(node, OwnKernelNode)
        return node
