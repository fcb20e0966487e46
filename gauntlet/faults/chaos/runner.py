"""An experiment under traffic: control window, fault, window afterwards, and the judgement by its SLO."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol

from gauntlet import faults
from gauntlet.checkers.experiment import judge as judged
from gauntlet.checkers.losses import Sticky
from gauntlet.checkers.windows import AFTER, HURT
from gauntlet.faults.chaos import experiment as experiments
from gauntlet.faults.chaos.flows import Flows, Join, wanted
from gauntlet.faults.chaos.proxy import await_rest
from gauntlet.faults.chaos.service import EXPOSED, replacement
from gauntlet.ground.cluster import Cluster, Host
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, Event, EventKind, Frontend
from gauntlet.ground.waiting import NotInTime
from gauntlet.kube.api import Api
from gauntlet.promises.slo import Promises, Terms
from gauntlet.proxy.modes import traits
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload.clients import Clients
from gauntlet.workload.effect import NODE_PORT_ATTEMPTS, Effect, Question, answered, node_port_questions
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.workload import Workload

CONTROL_S = 3.0
AFTER_S = 5.0
REST_DEADLINE_S = 20.0
# Longer than any recovery that a promise for userspace mode allows after these faults.
DRAINED_DEADLINE_S = 30.0


class Judge(Protocol):
    """Takes the findings about a case, and the SLO that they were held against."""

    def __call__(self, *findings: Finding | Iterable[Finding], terms: Terms | None = None) -> None: ...


class Experiment:
    """Runs files of `experiments/` against the first node while every kind of client uses a NodePort Service.

    The `sticky` one has the same backends, and remembers its clients.
    """

    def __init__(
        self,
        cluster: Cluster,
        clients: Clients,
        traffic: Traffic,
        effect: Effect,
        evidence: Evidence,
        slos: Promises,
        judge: Judge,
        api: Api,
        sticky: Served,
        new_per_s: float,
    ) -> None:
        self._cluster = cluster
        self._clients = clients
        self._traffic = traffic
        self._effect = effect
        self._evidence = evidence
        self._slos = slos
        self._judge = judge
        self._api = api
        self._sticky = sticky
        self._hurt = clients.nodes[0]
        self._new_per_s = new_per_s
        self._declared: dict[DeclaredFlow, tuple[str, ...]] = {}

    def run(self, name: str, service: Served, backends: Backends, **variables: str | float) -> None:
        """Run it with the endpoints as they are, and judge it. `variables` override the file's configuration."""
        self._hurt_it(name, service, backends.nodes, variables, self._from_inside, _nobody)
        self._conclude(name, backends.names)

    def run_crashing_the_node(self, name: str, service: Served, backends: Backends) -> None:
        """Run one in which the node's machine crashes. Nobody asks from the node itself: its processes die with it."""
        self._hurt_it(name, service, backends.nodes, {}, self._clients.pods, _nobody)
        self._conclude(name, backends.names)

    def run_replacing_an_endpoint(self, name: str, service: Served, backends: Backends) -> None:
        """Run one that replaces an endpoint. The removed backend must not answer once the node has recovered."""
        removed, added = replacement(backends.names)
        nodes = {**backends.nodes, added: backends.nodes[removed]}
        self._hurt_it(name, service, nodes, {}, self._from_inside, _nobody)
        self._conclude(name, frozenset(nodes), removed=frozenset({removed}))

    def run_exposing(self, name: str, service: Served, backends: Backends, *, port: int) -> None:
        """Run one that offers the backends on NodePort `port` by a Service of its own, which then gets traffic too.

        That Service stays as long as its traffic.
        """
        exposed = service.name + EXPOSED

        def join(flows: Flows, over: threading.Event) -> None:
            target = Target(exposed, Frontend.NODE_PORT, self._hurt.address, port)
            load = Load(target, rate_per_s=self._new_per_s)
            joining = (self._clients.outside, self._clients.pods[1])
            for client in joining:
                flows.declare(client, load, (HURT, AFTER))
            if self._is_noted(exposed, over):
                for client in joining:
                    flows.start(client, load)

        try:
            self._hurt_it(name, service, backends.nodes, {"port": port}, self._from_inside, join)
        finally:
            Workload(self._api, service.namespace).delete_service(service.declared.name + EXPOSED)
        self._conclude(name, backends.names)

    @property
    def _from_inside(self) -> tuple[Host, ...]:
        return (*self._clients.pods, self._hurt)

    def _hurt_it(
        self,
        name: str,
        service: Served,
        backend_nodes: Mapping[str, str],
        variables: Mapping[str, str | float],
        inside: Sequence[Host],
        join: Join,
    ) -> None:
        """Control window, experiment, window afterwards, under traffic all the time; kept as evidence.

        The clients `inside` use the cluster IP, the one outside NodePorts.
        """
        # First, so that a case that ends by an error shows it as well.
        self._judge(terms=self._slos.terms(name))
        unrest = self._await_rest()
        self._declared = {}
        with ExitStack() as stack:
            flows = Flows(self._traffic, stack, self._declared)
            stack.enter_context(self._evidence.unfinished(flows.all, backend_nodes))
            pool = stack.enter_context(ThreadPoolExecutor(1))
            self._start(flows, service, inside)
            self._window("control", CONTROL_S, unrest)
            over = threading.Event()
            joined = pool.submit(join, flows, over)
            self._note(EventKind.WINDOW_STARTED, "hurt")
            try:
                ran = experiments.run(
                    name,
                    self._cluster,
                    events=self._evidence.events.path,
                    node=self._hurt.name,
                    service=service.name,
                    variables=variables,
                )
            finally:
                over.set()
            if traits(self._cluster.mode).carries_connections:
                self._drain(service, len(backend_nodes))
            self._note(EventKind.WINDOW_ENDED, "hurt")
            joined.result()
            self._window("after", AFTER_S)
            self._evidence.add(flows.stop(backend_nodes))
        self._judge(ran.finding())

    def _conclude(self, name: str, backends: frozenset[str], *, removed: frozenset[str] = frozenset()) -> None:
        history = self._evidence.history()
        injected = history.events.filter(pl.col("kind") == str(EventKind.FAULT_INTENDED))["subject"]
        self._judge(
            judged(
                history,
                self._slos(name),
                self._hurt.name,
                backends,
                self._declared,
                reach=faults.blast_radius(injected.unique().to_list(), self._cluster.mode),
                sticky=Sticky(self._sticky.name, float(self._sticky.declared.affinity_timeout_s or 0)),
                removed=removed,
                hurt_addresses=frozenset({self._hurt.address}),
            ),
            terms=self._slos.terms(name),
        )

    def _start(self, flows: Flows, service: Served, inside: Sequence[Host]) -> None:
        for client, load in wanted(self._clients, inside, service, self._sticky, self._new_per_s):
            flows.declare(client, load)
            flows.start(client, load)

    def _drain(self, service: Served, backends: int) -> None:
        """Wait until kube-proxy has served, one after the other, those who queued while it dialled in vain.

        If that does not end, the window afterwards shows it.
        """
        addresses = [node.address for node in self._clients.nodes[:2]]
        inside = Question(service.cluster_ip(), NODE_PORT_ATTEMPTS, answered)
        outside = node_port_questions(service, backends, addresses, self._clients.outside)
        self._effect.until([inside, *outside], deadline_s=DRAINED_DEADLINE_S)

    def _await_rest(self) -> str:
        """Wait until the hurt node's kube-proxy has taken up what it heard of: to do so it writes its rules again.

        Not for long, as in somebody's cluster there may always be something: then the answer says so, for the event
        log. In userspace mode it counts none.
        """
        if not traits(self._cluster.mode).counts_syncs:
            return ""
        try:
            await_rest(self._hurt, REST_DEADLINE_S)
        except NotInTime as error:
            return error.what
        return ""

    def _window(self, name: str, length_s: float, detail: str = "") -> None:
        """Let the traffic flow for a while: the length of the window is what is measured over, not a guess."""
        self._note(EventKind.WINDOW_STARTED, name, detail)
        time.sleep(length_s)
        self._note(EventKind.WINDOW_ENDED, name)

    def _note(self, kind: EventKind, window: str, detail: str = "") -> None:
        self._evidence.events.write(Event(kind, window, detail=detail))

    def _is_noted(self, subject: str, over: threading.Event) -> bool:
        """Wait until the event log names `subject`; False if the experiment ended without."""
        while subject not in self._evidence.events.read()["subject"]:
            if over.wait(0.05):
                return False
        return True


def _nobody(_flows: Flows, _over: threading.Event) -> None:
    """No traffic joins while the experiment runs."""
