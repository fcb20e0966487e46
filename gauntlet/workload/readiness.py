"""Readiness: switching one backend ready and unready, as an application or its operator would."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, Manifest
from gauntlet.kube.objects import PodObject
from gauntlet.workload.backend import HTTP_PORT, READY_FILE, READY_GATE, Readiness
from gauntlet.workload.served import RunningBackend

SWITCH_DEADLINE_S = 30.0


class _Shell(BaseModel):
    """What agnhost's /shell answers. `error` is how the command ended, where it did not end well."""

    output: str = ""
    error: str = ""


class Switch(Protocol):
    """Makes one backend ready or unready, and returns when the pod's Ready condition says so."""

    def on(self) -> None: ...
    def off(self) -> None: ...


class _FileSwitch:
    """Creates and removes the file that the exec probe looks for, by agnhost's /shell through the pod proxy."""

    def __init__(self, api: Api, backend: RunningBackend) -> None:
        self._api = api
        self._backend = backend

    def on(self) -> None:
        self._shell(f"touch {READY_FILE}")
        _wait_ready(self._api, self._backend, "True")

    def off(self) -> None:
        self._shell(f"rm -f {READY_FILE}")
        _wait_ready(self._api, self._backend, "False")

    def _shell(self, command: str) -> None:
        said = _Shell.model_validate_json(
            self._api.get(f"{_path(self._backend)}:{HTTP_PORT}/proxy/shell", {"cmd": command})
        )
        if said.error:
            pod = f"{self._backend.namespace}/{self._backend.name}"
            raise GauntletError(
                f"`{command}` in pod {pod}: {said.error} {said.output}".rstrip(),
                "does the image of the pod have a shell, and a /tmp that can be written?",
            )


class _GateSwitch:
    """Sets the pod condition that the readiness gate names (KEP-580), as an external controller does."""

    def __init__(self, api: Api, backend: RunningBackend) -> None:
        self._api = api
        self._backend = backend

    def on(self) -> None:
        self._set("True")

    def off(self) -> None:
        self._set("False")

    def _set(self, status: str) -> None:
        change: Manifest = {"status": {"conditions": [{"type": READY_GATE, "status": status}]}}
        self._api.patch(f"{_path(self._backend)}/status", change)
        _wait_ready(self._api, self._backend, status)


def switch(api: Api, backend: RunningBackend, readiness: Readiness) -> Switch:
    """The switch for a backend declared with this readiness. Raises GauntletError for SERVES, which has none."""
    match readiness:
        case Readiness.FILE:
            return _FileSwitch(api, backend)
        case Readiness.GATE:
            return _GateSwitch(api, backend)
        case Readiness.SERVES:
            raise GauntletError(
                f"backend {backend.name} is ready when it serves", "declare it with Readiness.FILE or GATE"
            )


def _path(backend: RunningBackend) -> str:
    return f"/api/v1/namespaces/{backend.namespace}/pods/{backend.name}"


def _wait_ready(api: Api, backend: RunningBackend, status: str) -> None:
    until(
        lambda: api.one(PodObject, _path(backend)).ready_status == status,
        what=f"pod {backend.namespace}/{backend.name} has condition Ready={status}",
        deadline_s=SWITCH_DEADLINE_S,
        remedy="does the kubelet (or the sandbox's pod runner) run its probe?",
    )
