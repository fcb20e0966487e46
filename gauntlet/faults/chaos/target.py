"""What an experiment acts on: the cluster, node, Service and event log that its configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gauntlet.faults.registry import DEAD_MAN_S
from gauntlet.ground.cluster import Cluster, Node
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.providers import connect
from gauntlet.proxy.health import EVERYWHERE

Configuration = Mapping[str, str | int | float | None]

PROBE_NAMESPACE = "gauntlet-chaos"
PROBE_SERVICE = f"{PROBE_NAMESPACE}/probe"


class Target(BaseModel):
    """The configuration of an experiment, checked. Empty words mean the default, as unset environment gives them."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    kubeconfig: Path
    node: str = ""
    events: Path = Path("events.jsonl")
    service: str = Field(default=PROBE_SERVICE, pattern="^[a-z0-9-]+/[a-z0-9-]+$")
    dead_man_s: float = Field(default=DEAD_MAN_S, gt=0)

    @property
    def cluster(self) -> Cluster:
        """Raises UsageError if the kubeconfig is not that of a cluster of the gauntlet."""
        path = self.kubeconfig.absolute()
        if not path.is_file():
            raise UsageError(
                f"there is no kubeconfig {path}", "set KUBECONFIG; `gauntlet cluster kubeconfig` prints it"
            )
        return _connected(path, path.stat().st_mtime_ns)

    @property
    def hurt(self) -> Node:
        """The node that the experiment hurts."""
        cluster = self.cluster
        return cluster.node(self.node) if self.node else cluster.nodes[0]

    @property
    def log(self) -> EventLog:
        return EventLog(self.events)

    @property
    def namespace(self) -> str:
        return self.service.partition("/")[0]

    @property
    def lasting_service(self) -> str:
        """The Service that is there before the experiment, during it and afterwards: `namespace/name`."""
        return EVERYWHERE if self.namespace == PROBE_NAMESPACE else self.service

    @property
    def service_name(self) -> str:
        return self.service.partition("/")[2]

    def note(self, kind: EventKind, subject: str, detail: str = "", *, node: str | None = None, at_ns: int = 0) -> None:
        """Write one event."""
        self.log.write(Event(kind, subject, node, detail, at_ns))


def target_of(configuration: Configuration) -> Target:
    """The target that an experiment's configuration describes. Raises UsageError, which names the wrong keys."""
    given = {key: value for key, value in configuration.items() if value not in ("", None)}
    try:
        return Target.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UsageError(
            f"wrong configuration of the experiment: {wrong}",
            "set KUBECONFIG to a cluster of the gauntlet; GAUNTLET_NODE, GAUNTLET_EVENTS and "
            "GAUNTLET_SERVICE (namespace/name) are optional",
        ) from None


@lru_cache(maxsize=8)
def _connected(kubeconfig: Path, _written_ns: int) -> Cluster:
    """One connection a kubeconfig; a file that was written anew belongs to another cluster."""
    return connect(kubeconfig)
