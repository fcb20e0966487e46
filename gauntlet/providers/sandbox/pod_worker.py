"""The life of one Pod: namespaces, process, readiness, status, graceful end."""

from __future__ import annotations

import logging
import queue
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import Container, PodObject
from gauntlet.providers.sandbox import inner_node, probes
from gauntlet.providers.sandbox.events import Events, Kind
from gauntlet.providers.sandbox.inner_node import InnerNode, PodPlace
from gauntlet.providers.sandbox.places import new_pod
from gauntlet.providers.sandbox.pod_program import Unable, program_of
from gauntlet.providers.sandbox.pod_status import ContainerView, status_of

_log = logging.getLogger(__name__)
_RESTART_DELAY_S = 1.0
_DEFAULT_GRACE_S = 30
# Without a probe or a change to act on, look at the process this often.
_LOOK_S = 0.2


@dataclass
class Network:
    """A node's pod segment, and which of its addresses are free."""

    node: InnerNode
    _free: list[int] = field(default_factory=lambda: list(range(2, 255)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """A free pod number. Raises GauntletError if the node is full."""
        with self._lock:
            if not self._free:
                raise GauntletError(f"{self.node.name} has no pod address left")
            return self._free.pop(0)

    def give_back(self, number: int) -> None:
        """Used again last of all, so that nothing old still points at it."""
        with self._lock:
            self._free.append(number)


class PodWorker:
    """Runs one Pod in a thread of its own. `changes` brings newer versions of it; None says it is gone."""

    def __init__(
        self,
        api: Api,
        events: Events,
        pod: PodObject,
        network: Network,
        binaries: Path,
        log: Path,
        changes: queue.Queue[PodObject | None],
    ) -> None:
        self.changes = changes
        self._api = api
        self._events = events
        self._pod = pod
        self._network = network
        self._binaries = binaries
        self._log = log
        self._container: Container = pod.spec.containers[0]
        self._place: PodPlace | None = None
        self._addresses: tuple[str, ...] = ()
        self._process: subprocess.Popen[str] | None = None
        self._started: datetime | None = None
        self._restarts = 0
        self._ready = False
        self._ever_ready = False
        self._streak = 0
        self._gone = False
        self._next_probe = 0.0
        self._shown: tuple[object, ...] = ()

    def run(self) -> None:
        try:
            number = self._network.take()
        except GauntletError as error:
            self._refuse(Unable("OutOfpods", error.what))
            return
        try:
            self._live(number)
        except GauntletError as error:
            _log.warning("pod %s: %s", self._name, error.what)
            self._refuse(Unable("CreateContainerError", error.what))
        finally:
            self._end_process()
            if self._place is not None:
                self._place.end()
            self._network.give_back(number)

    @property
    def _name(self) -> str:
        return self._pod.metadata.name

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self._pod.metadata.namespace}/pods/{self._name}"

    def _live(self, number: int) -> None:
        argv = program_of(self._pod, self._binaries)
        if isinstance(argv, Unable):
            self._refuse(argv)
            return
        if self._pod.spec.host_network:
            self._place = self._network.node.host_network_pod()
            self._addresses = inner_node.addresses(self._network.node)
        else:
            self._place = place = new_pod(self._name)
            node = self._network.node
            self._addresses = tuple(plan.pod_of(node.index, number) for plan in node.plans)
            node.wire_pod(place, number, f"p{number}-{place.pid}"[:15])
        self._start(argv)
        while not self._is_leaving():
            if self._is_over():
                self._await_deletion()
                return
            self._look(argv)
            self._take_changes(wait_s=self._pause_s())
        if not self._gone:
            self._terminate()

    def _is_leaving(self) -> bool:
        return self._gone or self._pod.metadata.deletion_timestamp is not None

    def _refuse(self, unable: Unable) -> None:
        """Say in the Pod's status and by an Event why it does not run, until somebody deletes it."""
        self._show("Pending", waiting=(unable.reason, unable.message))
        if not self._gone:
            self._events.write(self._pod, Kind.WARNING, "Failed", f"{unable.reason}: {unable.message}")
        self._await_deletion()

    def _await_deletion(self) -> None:
        while not self._is_leaving():
            self._take_changes(wait_s=60.0)
        self._delete()

    def _is_over(self) -> bool:
        """Whether the process ended and is not to be started again; says so (Pod lifecycle docs, "Pod phase")."""
        assert self._process is not None
        code = self._process.poll()
        policy = self._pod.spec.restart_policy
        if code is None or policy == "Always" or (policy == "OnFailure" and code != 0):
            return False
        self._ready = False
        self._show("Succeeded" if code == 0 else "Failed", exit_code=code)
        return True

    def _start(self, argv: list[str]) -> None:
        assert self._place is not None
        env = {"PATH": SYSTEM_PATH, "HOSTNAME": self._name}
        env |= {each.name: each.value for each in self._container.env if each.value is not None}
        with self._log.open("a", encoding="utf-8") as log:
            self._process = self._place.start(argv, env=env, log=log)
        self._started = datetime.now(UTC)
        self._ready = False
        self._streak = 0
        probe = self._container.readiness_probe
        delay_s = 0 if probe is None else probe.initial_delay_seconds
        self._next_probe = time.monotonic() + delay_s

    def _look(self, argv: list[str]) -> None:
        """Restart a process that ended, probe when it is time, and show what changed."""
        assert self._process is not None
        if self._process.poll() is not None:
            self._ready = False
            self._restarts += 1
            message = f"ended with {self._process.returncode}"
            self._show("Running", waiting=("CrashLoopBackOff", message))
            if self._restarts == 1:
                # Once: each of them would be an Event a second of a process that cannot run at all.
                message += f", and is started again {_RESTART_DELAY_S:.0f} s after each end; its output: {self._log}"
                self._events.write(self._pod, Kind.WARNING, "BackOff", message)
            time.sleep(_RESTART_DELAY_S)
            self._start(argv)
        self._probe()
        self._show("Running")

    def _probe(self) -> None:
        probe = self._container.readiness_probe
        if probe is None:
            self._ready = True
            return
        if time.monotonic() < self._next_probe:
            return
        assert self._place is not None
        passed = probes.passes(probe, self._container, self._place, self._addresses[0])
        period_s = probe.period_seconds
        # Until it is ready for the first time, look often: the sandbox starts processes faster than a period.
        self._next_probe = time.monotonic() + (period_s if self._ever_ready else min(period_s, 0.1))
        if passed == self._ready:
            self._streak = 0
            return
        self._streak = self._streak + 1 if passed else self._streak - 1
        needed = probe.success_threshold if passed else probe.failure_threshold
        if abs(self._streak) >= needed:
            self._ready = passed
            self._ever_ready = self._ever_ready or passed
            self._streak = 0
            self._next_probe = time.monotonic() + period_s

    def _pause_s(self) -> float:
        if self._container.readiness_probe is None:
            return _LOOK_S
        return max(0.0, min(_LOOK_S, self._next_probe - time.monotonic()))

    def _take_changes(self, *, wait_s: float) -> None:
        """Take in what the watch brought; wait for the first of it for `wait_s` at the most."""
        try:
            change = self.changes.get(timeout=wait_s) if wait_s > 0 else self.changes.get_nowait()
        except queue.Empty:
            return
        if change is None:
            self._gone = True
        else:
            self._pod = change

    def _terminate(self) -> None:
        """SIGTERM, the grace period with the readiness probe still running, SIGKILL, delete (Pod lifecycle docs)."""
        assert self._process is not None
        grace_s = self._pod.metadata.deletion_grace_period_seconds
        deadline = time.monotonic() + (_DEFAULT_GRACE_S if grace_s is None else grace_s)
        self._process.terminate()
        while self._process.poll() is None and time.monotonic() < deadline and not self._gone:
            self._probe()
            self._show("Running")
            try:
                self._process.wait(timeout=min(0.05, max(0.001, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                self._take_changes(wait_s=0)
        self._end_process()
        self._ready = False
        self._show("Running", exit_code=self._process.returncode)
        self._delete()

    def _end_process(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _delete(self) -> None:
        if self._gone:
            return
        try:
            # The API server reads the options from the body alone where there is one.
            self._api.delete(self._path, {"gracePeriodSeconds": 0, "preconditions": {"uid": self._pod.metadata.uid}})
        except ApiRefused as refusal:
            if refusal.status not in {404, 409}:
                raise

    def _show(self, phase: str, *, waiting: tuple[str, str] | None = None, exit_code: int | None = None) -> None:
        """Write the status if it differs from what was written last."""
        gates = tuple((each.type, each.status) for each in self._pod.status.conditions)
        now_shown = (
            phase,
            self._ready,
            self._restarts,
            waiting,
            exit_code,
            gates if self._pod.spec.readiness_gates else (),
        )
        if now_shown == self._shown:
            return
        view = ContainerView(
            name=self._container.name,
            image=self._container.image,
            started=self._started,
            ready=self._ready,
            restarts=self._restarts,
            waiting=waiting,
            exit_code=exit_code,
        )
        status = status_of(
            self._pod,
            view,
            host_ips=inner_node.addresses(self._network.node),
            pod_ips=self._addresses,
            holder=self._place.holder_id if self._place is not None else "",
            phase=phase,
        )
        try:
            self._api.patch(f"{self._path}/status", {"status": status})
        except ApiRefused as refusal:
            if refusal.status != 404:
                raise
            self._gone = True
        self._shown = now_shown
