"""port-taken: a process of the host listens on a TCP port of the node that is, or will be, a NodePort.

At every address of the node, of both IP families if the cluster has both.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gauntlet.faults import background
from gauntlet.faults.fault import NoParameters, NotLanded, in_every_mode
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import PREPARE, Heal, Scenario, expose
from gauntlet.ground.family import Family
from gauntlet.promises.promise import BlastRadius

REPLY = "gauntlet-port-thief"

# perl-base is essential on Debian and Ubuntu, kind's node images included; python and socat are not.
_LISTENER = (
    "$s = IO::Socket::IP->new(LocalHost => shift, LocalPort => shift, Listen => 64, ReuseAddr => 1, V6Only => 0)"
    " or exit 1;"
    "while (1) { $c = $s->accept or next; $got = '';"
    # All of the request: what is left unread makes the end of the connection a reset.
    "1 while $got !~ /\\r\\n\\r\\n/ && IO::Select->new($c)->can_read(1) && $c->sysread($got, 4096, length $got);"
    f'print $c "HTTP/1.0 200 OK\\r\\nContent-Length: {len(REPLY)}\\r\\n\\r\\n{REPLY}"; close $c }}'
)


class PortParameters(NoParameters):
    """`port` is the TCP port to take."""

    port: int = Field(default=30080, ge=1, le=65535)


class PortTaken(NodeFault):
    """kube-proxy opens no sockets for NodePorts (since 1.27), so its rules must win over the listener.

    The listener answers HTTP with a name that is no backend's: a client that reaches it shows it.
    """

    name: ClassVar[str] = "port-taken"
    radius = in_every_mode(BlastRadius.NONE)
    parameters = PortParameters
    scenarios = (
        Scenario(
            name="port-taken-after",
            title="a host process takes a port that is a NodePort already, and the Service is served on",
            description="At all addresses of the node, of both IP families. kube-proxy opens no sockets for "
            "NodePorts, so the process gets the port, but no packet.",
            tags=("ports",),
            injected="a process of the node listens on the port",
            landed="it listens",
            remedy=Heal(held="it still listens", heal="the process ends", hold_s=4),
            healed="it no longer listens",
            rolled_back="the process ends for certain",
            parameters={"port": "GAUNTLET_PORT"},
            beforehand=(PREPARE, expose("a Service has the NodePort")),
        ),
        Scenario(
            name="port-taken-before",
            title="a host process has a port that then becomes a NodePort, and the Service wins",
            description="At all addresses of the node, of both IP families. kube-proxy opens no sockets for "
            "NodePorts; its rules see a packet before any socket does.",
            tags=("ports",),
            injected="a process of the node listens on the port",
            landed="it listens",
            remedy=Heal(held="it still listens", heal="the process ends", hold_s=4),
            healed="it no longer listens",
            rolled_back="the process ends for certain",
            parameters={"port": "GAUNTLET_PORT"},
            beforehand=(PREPARE,),
            meanwhile=(expose("a Service asks for that NodePort"),),
        ),
    )

    @property
    def port(self) -> int:
        assert isinstance(self.given, PortParameters)
        return self.given.port

    @property
    def _listener(self) -> str:
        return f"gauntlet-listener-{self.id}"

    def plan(self) -> Plan:
        tag = self._listener
        # A socket of IPv6 takes the port of IPv4 as well.
        host = "::" if Family.IPV6 in self.scene.cluster.families else "0.0.0.0"
        listener = ("perl", "-MIO::Socket::IP", "-MIO::Select", "-e", _LISTENER, host, str(self.port), tag)
        listens = f"ss -Hltn 'sport = :{self.port}' | grep -q ."
        # Returns when the listener listens or has given up; `evidence` tells which.
        wait = f"for try in $(seq 200); do {listens} && exit 0; sleep 0.01; done"
        return Plan(
            act=(background.start(tag, listener), ("sh", "-c", wait)),
            undo=(background.end(tag),),
            check=("sh", "-c", f"{background.is_gone(tag)} && echo 'the listener on port {self.port} is gone'"),
        )

    def evidence(self) -> str:
        pid = self.node.run(("cat", background.pid_file(self._listener)), check=False).stdout.strip()
        listening = self.node.run(("ss", "-Hltnp", f"sport = :{self.port}")).stdout.strip()
        if not pid or f"pid={pid}," not in listening:
            raise NotLanded(f"port {self.port} on {self.node.name} is not held by process {pid or '?'}: {listening}")
        return f"process {pid} listens on port {self.port}: {' '.join(listening.split())}"
