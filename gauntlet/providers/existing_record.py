"""What is kept on disk of a run on somebody's cluster: enough to heal and to clear up after it was killed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from gauntlet.errors import UsageError
from gauntlet.paths import state_root


@dataclass(frozen=True)
class NodeRecord:
    name: str
    address: str
    pod_cidr: str


@dataclass(frozen=True)
class ExistingRecord:
    """`nodes` are the targets first, the control plane last. `owner` is the process of the run, and when it started."""

    name: str
    context: str
    run: str
    mode: str
    version: str
    control_plane_version: str
    kernel: str
    api_address: str
    image: str
    nodes: tuple[NodeRecord, ...]
    targets: tuple[str, ...]
    at_once: int
    outside: str
    owner: tuple[int, str]

    @classmethod
    def load(cls, name: str) -> ExistingRecord | None:
        """The record of this name; None where there is none. Raises UsageError for one that cannot be read."""
        file = state_dir(name) / "cluster.json"
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
            nodes = tuple(NodeRecord(**node) for node in fields["nodes"])
            pid, started = fields["owner"]
            return cls(**{**fields, "nodes": nodes, "targets": tuple(fields["targets"]), "owner": (pid, started)})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"{file} cannot be read: {error}",
                f"did another version of the gauntlet write it? Heal with that one; see {file.parent}/journal.jsonl",
            ) from error

    def save(self) -> None:
        file = state_dir(self.name) / "cluster.json"
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        new.rename(file)

    @property
    def is_owned(self) -> bool:
        """Whether the process of the run lives."""
        pid, started = self.owner
        return _started(pid) == started

    @property
    def is_mine(self) -> bool:
        return self.owner == me()


def clusters_dir() -> Path:
    return state_root() / "existing"


def state_dir(name: str) -> Path:
    return clusters_dir() / name


def me() -> tuple[int, str]:
    return os.getpid(), _started(os.getpid())


def _started(pid: int) -> str:
    """When a process was started, in clock ticks since boot; empty where there is none. Pids are used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
