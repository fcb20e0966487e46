"""Events about Pods, as `kubectl describe pod` shows them: what the sandbox did with one, or why it did not."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from enum import StrEnum

from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import PodObject

COMPONENT = "gauntlet-sandbox"
_log = logging.getLogger(__name__)


class Kind(StrEnum):
    """The `type` of an Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Events:
    """Writes Events (Kubernetes API reference, core/v1 Event)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def write(self, pod: PodObject, kind: Kind, reason: str, message: str) -> None:
        """Write one Event about this Pod.

        A refusal is only logged: a namespace that is ending takes no more of them.
        """
        about = pod.metadata
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            self._api.post(
                f"/api/v1/namespaces/{about.namespace}/events",
                {
                    # Unique, and named as client-go names Events.
                    "metadata": {"name": f"{about.name}.{time.time_ns():x}", "namespace": about.namespace},
                    "involvedObject": {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "namespace": about.namespace,
                        "name": about.name,
                        "uid": about.uid,
                    },
                    "type": str(kind),
                    "reason": reason,
                    "message": message,
                    "source": {"component": COMPONENT, "host": pod.spec.node_name},
                    "firstTimestamp": now,
                    "lastTimestamp": now,
                    "count": 1,
                },
            )
        except ApiRefused as refusal:
            _log.warning("no event for pod %s: %s", about.name, refusal.what)
