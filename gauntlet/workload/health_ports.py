"""The health check node port of a Service, asked as a load balancer would ask: at every node, from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from gauntlet.ground.cluster import Completed, Host, Node
from gauntlet.ground.family import families_of
from gauntlet.kube.api import Api
from gauntlet.kube.objects import SERVICE_NAME, EndpointSlice, ServiceObject, modelled, path_of_service
from gauntlet.semantics import objects as model
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.health_check import REFUSED, HealthCheck, answer, health_check
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.workload.changes import Declarations, Endpoints
from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.effect import DEADLINE_S
from gauntlet.workload.endpoints import Endpoint
from gauntlet.workload.service import IpFamilyPolicy, Service
from gauntlet.workload.writer import Writer

Place = TypeVar("Place", bound=Hashable)

_ANSWER_S = 2
_REFUSAL = "Connection refused"
# Of a class that no load balancer serves: the port is the API server's to give and kube-proxy's to serve.
CHECKED = Service(
    "web",
    type=ServiceType.LOAD_BALANCER,
    load_balancer_class="gauntlet.dev/nobodys",
    app=None,
    external_traffic=Policy.LOCAL,
    ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK,
)


@dataclass(frozen=True)
class Heard:
    """What is expected and what was heard at each address, in words."""

    expected: Mapping[str, str]
    heard: Mapping[str, str]


class HealthPorts:
    """One Service. `declare` makes it what is declared, and asks its port everywhere until all nodes obey.

    The port that the Service had before is asked on when it has none any more. A node whose port never said what it
    must, `disobeyed` by an earlier case, is waited for only shortly.
    """

    def __init__(self, api: Api, namespace: str, nodes: Sequence[Node], asker: Host, disobeyed: Disobeyed) -> None:
        self._disobeyed = disobeyed
        self._api = api
        self._namespace = namespace
        self._nodes = nodes
        self._asker = asker
        self._declared: Declarations = {}
        self._asked: dict[str, int] = {}

    def declare(self, service: Service, endpoints: Endpoints, *, unwell: Collection[Node] = ()) -> Heard:
        """What was heard when every node said what it should, or at the deadline for that.

        `unwell` are nodes whose kube-proxy cannot write what is declared, and will say so once it is late with it.
        """
        expected = self.become(service, endpoints, unwell=unwell)
        # Nobody may be given up early who has until a time-out of its own.
        return hear(expected, lambda: self._all(expected), Disobeyed() if unwell else self._disobeyed)

    def become(self, service: Service, endpoints: Endpoints, *, unwell: Collection[Node] = ()) -> Mapping[str, str]:
        """The same, without asking. What is to be heard at each address, in words."""
        self._write({service: endpoints})
        name = f"{self._namespace}/{service.name}"
        found = modelled.service(self._api.one(ServiceObject, path_of_service(name)))
        families = families_of(found.cluster_ips)
        if found.health_check_node_port:
            self._asked = {
                node.address_in(family): found.health_check_node_port for node in self._nodes for family in families
            }
        slices = self._api.list(
            EndpointSlice,
            f"/apis/discovery.k8s.io/v1/namespaces/{self._namespace}/endpointslices",
            {"labelSelector": f"{SERVICE_NAME}={service.name}"},
        )
        there = copies(map(modelled.endpoint_slice, slices))
        return {
            node.address_in(family): _words(
                health_check(found, there, model.Node(node.name, node.addresses), family, is_well=node not in unwell)
            )
            for node in self._nodes
            for family in families
        }

    def vanish(self) -> Mapping[str, str]:
        """Delete the Service. At the port that it had nobody is to listen any more."""
        self._write({})
        return dict.fromkeys(self._asked, REFUSED)

    def ask(self, address: str) -> str:
        """What the port says there, in words. Any node and any machine has bash and timeout."""
        get = f"exec 3<>/dev/tcp/{address}/{self._asked[address]} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"
        return in_words(self._asker.run(("timeout", str(_ANSWER_S), "bash", "-c", get), check=False))

    def _write(self, wanted: Declarations) -> None:
        for refusal in Writer(self._api, self._namespace).apply(self._declared, wanted).values():
            raise refusal
        self._declared = wanted

    def _all(self, expected: Mapping[str, str]) -> dict[str, str]:
        with ThreadPoolExecutor(max(1, len(expected))) as pool:
            return dict(zip(expected, pool.map(self.ask, expected), strict=True))


def counted_at(node: str, number: int) -> Endpoint:
    """A ready endpoint of this node that nobody sends anything to: its addresses are of RFC 5737 and RFC 3849."""
    return Endpoint((f"192.0.2.{number}", f"2001:db8::{number}"), node, ready=True, serving=True, terminating=False)


def hear(expected: Mapping[str, str], ask: Callable[[], Mapping[str, str]], disobeyed: Disobeyed) -> Heard:
    """What `ask` heard when every node said what it should, or at the deadline for that."""
    return Heard(expected, listen(expected, ask, disobeyed, str))


def listen(
    expected: Mapping[Place, str],
    ask: Callable[[], Mapping[Place, str]],
    disobeyed: Disobeyed,
    kind: Callable[[Place], str],
) -> Mapping[Place, str]:
    """The same, wherever; `kind` says which of these places a node that does not obey serves in one way."""
    heard: dict[Place, str] = {}

    def wrong() -> set[str]:
        heard.update(ask())
        return {kind(place) for place, said in expected.items() if heard[place] != said}

    # Whoever is late is for the checker to name.
    disobeyed.wait(wrong, set(map(kind, expected)), what="every node says so", deadline_s=DEADLINE_S, every_s=0.25)
    return heard


def _words(check: HealthCheck | None) -> str:
    return REFUSED if check is None else str(check)


def in_words(done: Completed) -> str:
    """What the port said: an answer, that it was refused, or what else there was."""
    if _REFUSAL in done.stderr:
        return REFUSED
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    try:
        return answer(int(head.split()[1]), int(json.loads(body)["localEndpoints"]))
    except (IndexError, ValueError, KeyError, TypeError):
        said = done.stdout.strip() or done.stderr.strip() or f"nothing within {_ANSWER_S} s"
        return said.splitlines()[0]
