"""kill-proxy: kube-proxy is killed (SIGKILL); whoever supervises it starts it again."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import NotLanded, in_every_mode
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import Scenario, Supervisor
from gauntlet.ground.history import EventKind
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy import health as proxy_health
from gauntlet.proxy import process as proxy_process

_DEATH_S = 5.0


class KillProxy(NodeFault):
    """The rules stay in the kernel, so no client should notice. There is nothing to undo but to wait."""

    name: ClassVar[str] = "kill-proxy"
    # It held the listening sockets of the node's Services.
    radius = in_every_mode(BlastRadius.NONE, carried=BlastRadius.HURT_NODE)
    scenarios = (
        Scenario(
            name="kill-proxy",
            title="kube-proxy is killed, and no client notices",
            description="The rules stay in the kernel while kube-proxy is away; whoever supervises it starts it again.",
            tags=("process",),
            injected="kube-proxy is killed",
            landed="its process is gone",
            remedy=Supervisor(held="its process has not come back", heal="its supervisor starts it again", hold_s=2),
            healed="the new kube-proxy is healthy",
            rolled_back="nothing to undo",
            left="kube-proxy is healthy again",
        ),
    )

    def plan(self) -> Plan:
        self._killed = proxy_process.running(self.node)
        # In userspace mode the new one is healthy some seconds before it listens for its Services again.
        answers = proxy_health.answers_script(self.scene.cluster)
        return Plan(
            act=(("kill", "-KILL", str(self._killed.pid)),),
            undo=(),
            check=("bash", "-c", f"{proxy_health.healthy_script(self.node)} && {answers}"),
        )

    def evidence(self) -> str:
        # A killed process may take a moment to give back what it holds; until then it shows in state D or R.
        try:
            until(
                lambda: self._killed.state(self.node) is None,
                what=f"kube-proxy {self._killed.pid} on {self.node.name} is gone",
                deadline_s=_DEATH_S,
            )
        except NotInTime as late:
            raise NotLanded(late.what) from late
        return f"kube-proxy {self._killed.pid} (started at tick {self._killed.started}) is gone"

    def still(self) -> str:
        # Whether a new one runs already is another question: this one was killed, and stays so.
        return self.evidence()

    def healed(self) -> str:
        was_over = self.is_confirmed
        evidence = super().healed()
        new = proxy_process.running(self.node)
        if not was_over:
            self.note(EventKind.PROXY_RESTARTED, f"kube-proxy {new.pid} runs in place of {self._killed.pid}")
        return f"kube-proxy {new.pid} runs in place of {self._killed.pid}; {evidence}"
