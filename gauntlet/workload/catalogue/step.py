"""Step: the whole declared state of a case, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import Protocol
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.places import Where
from gauntlet.workload.changes import Declarations


@dataclass(frozen=True)
class Also:
    """Something of each Service of the step that is asked besides the frontends it has, and what the model says of it.

    `port` is a number that the Service need not have (0: those that it has), `address` an address that it need not
    have (empty: its own; for a NodePort: each node's primary ones). So `Also(Kind.CLUSTER_IP, port=81)` asks an
    unserved port of the ClusterIP, `Also(Kind.NODE_PORT, address="127.0.0.1")` the NodePorts at each node's loopback.
    """

    kind: Kind
    port: int = 0
    address: str = ""
    protocol: Protocol = Protocol.TCP


@dataclass(frozen=True)
class Asks:
    """Narrows what is asked of a step: frontends of these kinds, from these places; None is all.

    Never so far that what the case is about is not asked. `also` widens it.
    """

    kinds: tuple[Kind, ...] | None = None
    places: tuple[Where, ...] | None = None
    also: tuple[Also, ...] = ()


AT_NODE_PORTS = Asks(kinds=(Kind.NODE_PORT,))
AT_LOAD_BALANCERS = Asks(kinds=(Kind.LOAD_BALANCER,))
# What nodes ask at their own addresses, and at their 127.0.0.1.
AT_LOCALHOST = Asks(kinds=(Kind.NODE_PORT,), places=(Where.NODE,), also=(Also(Kind.NODE_PORT, address="127.0.0.1"),))


@dataclass(frozen=True)
class Flow:
    """One client that goes on asking through all steps that name the flow, from one socket.

    TCP: one connection, which must go on with the backend that it has as long as that is an endpoint that serves
    (ready, or serving while it terminates); once it is not, the flow is judged no more. UDP: one socket with a fixed
    source port, which after each step must be answered as the model says of a new one; or it stays with the backend
    that it has, as long as that serves.

    `service` is the name of a Service of the case. The client is at `place`: the pod on the node with the number
    `node`, that node itself, or outside. At a NodePort the node with the number `at` is asked. The flow starts in the
    first step that names it, and is stopped by the first one after it that does not.

    It asks what the Service has, or had last if it is not there; `port` asks that number in any case. So it may be
    older than the Service or the NodePort that it asks for.
    """

    service: str
    place: Where = Where.POD
    kind: Kind = Kind.CLUSTER_IP
    protocol: Protocol = Protocol.UDP
    node: int = 0
    at: int = 0
    port: int = 0


@dataclass(frozen=True)
class Step:
    """What is there from now on, all of it: a Service of the step before that is not in this one is deleted.

    `words` say what is so, for people ("all terminate"). A Service with the name of one of the step before is the same,
    changed. Its former addresses and ports, and those of a deleted Service, are asked still, and must not be answered.
    One that is made again is where the API puts it; if a flow has asked for it meanwhile, where it was.

    `services` gives each Service its endpoints or slices, written by hand, or None if it has a selector:
    `app="backend"`, the default, selects the second pod of each node. Services without a selector have app=None.

    What is asked, unless `asks` says else: each frontend of each Service (ClusterIP, NodePort at every node's primary
    addresses, external IPs, load balancer IPs; every port, protocol and family) from the client pod on each node, from
    each node itself, and from outside if something is promised there (all but the ClusterIP).
    """

    words: str
    services: Declarations
    asks: Asks = Asks()
    flows: tuple[Flow, ...] = ()

    def __post_init__(self) -> None:
        """Raises UsageError for what no API server could have."""
        names = [service.name for service in self.services]
        if len(set(names)) < len(names):
            raise UsageError(f"step '{self.words}' has two Services of one name", "give each a name of its own")
        for service, written in self.services.items():
            if (service.app is None) != (written is not None):
                raise UsageError(
                    f"step '{self.words}': the endpoints of Service {service.name} are whose?",
                    "give those of a Service without a selector (app=None); give None for one with a selector",
                )


Steps: TypeAlias = tuple[Step, ...]
