"""stop-proxy: kube-proxy is stopped (SIGSTOP): it lives, holds its connections, and does nothing."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import PREPARE, REPLACE_ENDPOINT, Heal, Scenario, follow_endpoints
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import health as proxy_health
from gauntlet.proxy import process as proxy_process

_STOPPED = "T"
_STOP_S = 5.0


class StopProxy(NodeFault):
    """The node keeps the rules of the moment it stopped, so a replaced endpoint is still sent to."""

    name: ClassVar[str] = "stop-proxy"
    scenarios = (
        Scenario(
            name="stop-proxy",
            title="kube-proxy is stopped while an endpoint is replaced, and follows when it continues",
            description="A stopped kube-proxy holds its connections and does nothing; its node keeps sending to the "
            "endpoint that went.",
            tags=("process", "endpoints"),
            injected="kube-proxy is stopped",
            landed="its process is in state T",
            remedy=Heal(held="its process is still in state T", heal="kube-proxy continues", hold_s=3),
            healed="kube-proxy is healthy",
            rolled_back="kube-proxy continues for certain",
            beforehand=(PREPARE,),
            meanwhile=(REPLACE_ENDPOINT,),
            afterwards=(follow_endpoints(30),),
        ),
    )

    def plan(self) -> Plan:
        self._stopped = proxy_process.running(self.node)
        pid, is_this = self._stopped.pid, self._stopped.is_this()
        still_stopped = f'{is_this} && [ "$(cut -d " " -f 3 /proc/{pid}/stat)" = {_STOPPED} ]'
        return Plan(
            act=(("kill", "-STOP", str(pid)),),
            undo=(("sh", "-c", self._stopped.send("CONT")),),
            check=("bash", "-c", f"if {still_stopped}; then exit 1; fi; {proxy_health.healthy_script(self.node)}"),
        )

    def evidence(self) -> str:
        # The signal is sent at once, but a thread stops only where it returns from the kernel.
        try:
            until(
                lambda: self._stopped.state(self.node) == _STOPPED,
                what=f"kube-proxy {self._stopped.pid} on {self.node.name} is in state {_STOPPED} (stopped)",
                deadline_s=_STOP_S,
            )
        except NotInTime as late:
            state = self._stopped.state(self.node) or "none: it is gone"
            raise NotLanded(
                f"kube-proxy {self._stopped.pid} on {self.node.name} is not {_STOPPED} (stopped) {_STOP_S:g} s after "
                f"SIGSTOP; its state is {state}"
            ) from late
        return f"kube-proxy {self._stopped.pid} is in state {_STOPPED} (stopped)"
