"""ipvs mode: choose its scheduler, set weights, and look at what the kernel holds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import place
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy import ipvs
from gauntlet.proxy.ipvs import RealServer, VirtualServer
from gauntlet.traffic import Target
from gauntlet.workload.clients import Clients
from gauntlet.workload.proxy_configuration import ProxyConfiguration
from gauntlet.workload.served import Backends, RunningBackend

FORGOTTEN_WITHIN_S = 30.0
CONNECTED_WITHIN_S = 15.0
SCHEDULED_WITHIN_S = 20.0
ARP_WITHIN_S = 10.0


class Ipvs:
    """The IPVS of the nodes, for one case."""

    def __init__(self, configuration: ProxyConfiguration, clients: Clients) -> None:
        self._configuration = configuration
        self._clients = clients

    def schedule(self, scheduler: str, client: Host, target: Target) -> Finding:
        """Have the node of this client schedule by this. The finding says whether the virtual server there does."""
        self._configuration.change({"ipvs": {"scheduler": scheduler}}, [self._node_of(client)])
        return self._scheduled(scheduler, client, target)

    def keep_default(self, client: Host, target: Target) -> Finding:
        """Have the nodes schedule as kube-proxy does by itself. The finding says whether that is `rr`."""
        self._configuration.restore()
        return self._scheduled("rr", client, target)

    def _scheduled(self, scheduler: str, client: Host, target: Target) -> Finding:
        node = self._node_of(client)
        seen = self._scheduler(scheduler, node, target)
        reason = f"{node.name} schedules {target.address} by {seen}, and should by {scheduler}"
        return Finding("scheduler", Verdict.PASS if seen == scheduler else Verdict.FAIL, reason)

    def _scheduler(self, wanted: str, node: Node, target: Target) -> str:
        """The scheduler of the virtual server: the wanted one, or what is there at the deadline."""
        seen = ""

        def as_wanted() -> bool:
            nonlocal seen
            seen = self.virtual_server(node, target).scheduler
            return seen == wanted

        with suppress(NotInTime):  # what is there instead is for the finding to say
            until(as_wanted, what=f"{node.name} schedules by {wanted}", deadline_s=SCHEDULED_WITHIN_S)
        return seen

    def virtual_server(self, node: Node, target: Target) -> VirtualServer:
        """What the kernel of this node holds for a target. Raises Inconclusive if it holds nothing."""
        for server in ipvs.listing(node):
            if (server.address, server.port, str(server.protocol)) == (target.address, target.port, target.protocol):
                return server
        raise Inconclusive(f"{node.name} has no virtual server {place(target.address, target.port)}/{target.protocol}")

    def weigh(self, client: Host, target: Target, backends: Backends, weights: Mapping[str, int]) -> None:
        """Set the weights of real servers, by backend name, on the node of this client; kube-proxy sets 1 for all."""
        node = self._node_of(client)
        ports = {real.address: real.port for real in self.virtual_server(node, target).real_servers}
        for name, weight in weights.items():
            address = backends[name].address
            virtual = f"-{target.protocol[0]} {place(target.address, target.port)}"
            change = f"ipvsadm -e {virtual} -r {place(address, ports[address])} -m -w {weight}"
            node.run(change.split())

    def until_connected(self, client: Host, target: Target, backend: RunningBackend) -> None:
        """Wait until the node of this client has an open connection to the backend."""
        until(
            lambda: (real := self._real_server(client, target, backend)) is not None and real.active > 0,
            what=f"a connection of {client.name} to {backend.name}",
            deadline_s=CONNECTED_WITHIN_S,
        )

    def drains(self, client: Host, target: Target, backend: RunningBackend) -> Finding:
        """Wait until the backend, removed from the Service, has weight 0. It must not vanish while it is in use."""

        def settled() -> tuple[RealServer | None] | None:
            found = self._real_server(client, target, backend)
            return (found,) if found is None or found.weight == 0 else None

        (real,) = until(settled, what=f"{backend.name} is removed", deadline_s=CONNECTED_WITHIN_S)
        if real is None:
            return Finding("drains", Verdict.FAIL, f"{backend.name} vanished with its open connections")
        reason = f"{backend.name} stands at weight 0 with {real.active} open connections"
        return Finding(
            "drains", Verdict.PASS if real.active else Verdict.FAIL, reason, float(real.active), "connections"
        )

    def _real_server(self, client: Host, target: Target, backend: RunningBackend) -> RealServer | None:
        real = self.virtual_server(self._node_of(client), target).real_servers
        return next((each for each in real if each.address == backend.address), None)

    def _node_of(self, client: Host) -> Node:
        return next(node for node in self._clients.nodes if node.name == client.node)

    def forget(self, client: Host, ports: range) -> None:
        """Wait until the kernel of this client's node has forgotten its connections from these ports."""
        node = self._node_of(client)

        def forgotten() -> bool:
            known = ipvs.inspect(node).connections
            return not any(each.client == client.address and each.client_port in ports for each in known)

        until(
            forgotten,
            what=f"{node.name} has forgotten the connections of {client.name}",
            deadline_s=FORGOTTEN_WITHIN_S,
            every_s=1.0,
        )


class Arp:
    """Asks, as a host on the nodes' own network would, who has an address."""

    def __init__(self, outside: Host) -> None:
        self._outside = outside

    def answers(self, address: str) -> Finding:
        """Some node claims the address."""
        owner = self._ask(address)
        reason = f"{address} is claimed by {owner or 'nobody'}"
        return Finding("arp-answers", Verdict.PASS if owner else Verdict.FAIL, reason)

    def is_silent(self, address: str) -> Finding:
        """No node claims the address."""
        owner = self._ask(address)
        reason = f"{address} is claimed by {owner or 'nobody'}"
        return Finding("arp-is-silent", Verdict.FAIL if owner else Verdict.PASS, reason)

    def _ask(self, address: str) -> str | None:
        """The hardware address that answers; None if the kernel has asked three times in vain (mcast_solicit)."""
        on_link = ["ip", "route", "add", f"{address}/32", "dev", "eth0"]
        self._outside.run(on_link)
        try:
            self._outside.run(["bash", "-c", f"echo > /dev/udp/{address}/9"])
            entry = until(
                lambda: self._entry(address), what=f"an answer to who has {address}, or none", deadline_s=ARP_WITHIN_S
            )
        finally:
            self._outside.run(["ip", "route", "del", *on_link[3:]])
            self._outside.run(["ip", "neigh", "flush", "to", address])
        return entry[entry.index("lladdr") + 1] if "lladdr" in entry else None

    def _entry(self, address: str) -> list[str] | None:
        words = self._outside.run(["ip", "neigh", "show", "to", address, "nud", "all"]).stdout.split()
        return words if "lladdr" in words or "FAILED" in words else None
