"""break-writer: the program by which kube-proxy writes its rules fails, for kube-proxy on one node alone."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import front_program
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import PREPARE, REPLACE_ENDPOINT, Heal, Scenario, follow_endpoints
from gauntlet.ground.cluster import CommandFailed, ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import process as proxy_process
from gauntlet.proxy import sync_progress
from gauntlet.proxy.modes import traits

# kube-proxy takes up a change within a second (minSyncPeriod).
_FAILS_WITHIN_S = 5.0


class BreakWriter(NodeFault):
    """The node keeps the rules that it has. It shows when kube-proxy has something to write: see `provoking`.

    The check holds once kube-proxy has written all that it was asked to: it tries again every syncPeriod.
    """

    name: ClassVar[str] = "break-writer"
    needs: ClassVar[Needs] = Needs(
        modes=frozenset(mode for mode in ProxyMode if traits(mode).writers),
        elsewhere="no one program writes the rules that this mode goes by",
    )
    scenarios = (
        Scenario(
            name="break-writer",
            title="the program by which kube-proxy writes its rules fails while an endpoint is replaced",
            description="iptables-restore and ip6tables-restore, or nft if it is to write, fail for the kube-proxy of "
            "one node. The node keeps sending to the endpoint that went, until kube-proxy tries again once they work.",
            tags=("rules", "endpoints"),
            injected="what kube-proxy writes its rules by fails",
            provoking=(REPLACE_ENDPOINT,),
            landed="kube-proxy has failed to write its rules",
            remedy=Heal(held="nothing was written since", heal="what kube-proxy writes its rules by works", hold_s=3),
            healed="kube-proxy has written its rules",
            rolled_back="what kube-proxy writes its rules by works for certain",
            beforehand=(PREPARE,),
            afterwards=(follow_endpoints(30),),
        ),
    )

    def plan(self) -> Plan:
        pid = proxy_process.running(self.node).pid
        calls = traits(self.scene.cluster.mode).writers
        folders = front_program.search_path(self.node.run(("cat", f"/proc/{pid}/environ")).stdout)
        printed = self.node.run(front_program.there(pid, [each.tool for each in calls], folders)).stdout
        places = front_program.first_places(printed, pid)
        if not places:
            raise Inconclusive(
                f"kube-proxy of {self.node.name} has no {' or '.join(each.tool for each in calls)} in its PATH",
                "it may write by something else: is this its mode?",
            )
        self._tools = tuple(places)
        self._of_others = tuple(each for each in self._tools if self._works_for_others(each))
        self._failed_before = proxy_metrics.read(self.node).failed_syncs
        check = f"{front_program.is_gone(self.id)}\n{sync_progress.WRITTEN} && echo 'kube-proxy has written its rules'"
        return Plan(
            act=(front_program.put(self.id, pid, places, calls),),
            undo=(front_program.take_away(self.id),),
            check=("bash", "-c", check),
        )

    def evidence(self) -> str:
        try:
            failed = until(
                lambda: max(proxy_metrics.read(self.node).failed_syncs - self._failed_before, 0),
                what=f"kube-proxy of {self.node.name} fails to write its rules",
                deadline_s=_FAILS_WITHIN_S,
                every_s=0.2,
                retry_on=(CommandFailed,),
            )
        except NotInTime as late:
            raise NotLanded(late.what, "give it something to write: change a Service or its endpoints") from late
        hurt = [each for each in self._of_others if not self._works_for_others(each)]
        if hurt:
            raise NotLanded(f"on {self.node.name} {', '.join(hurt)} fails for others than kube-proxy, too")
        names = " and ".join(self._tools)
        return (
            f"kube-proxy failed to write its rules by {names}, {failed} times by now; for others of the node they work"
        )

    def _works_for_others(self, tool: str) -> bool:
        """Whether it starts when the gauntlet calls it on the node. In a container kube-proxy has another one."""
        return self.node.run((tool, "--version"), check=False).code == 0
