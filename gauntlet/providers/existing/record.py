"""What is kept on disk of a run on somebody's cluster: enough to heal and to clear up after it was killed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gauntlet.ground.disk import replace_file
from gauntlet.ground.paths import state_root
from gauntlet.providers import record_file
from gauntlet.providers.node_record import NodeRecord


@dataclass(frozen=True)
class ExistingRecord:
    """`nodes` are the targets first, the control plane last."""

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

    @classmethod
    def load(cls, name: str) -> ExistingRecord | None:
        """The record of this name; None if there is none. Raises UnreadableRecord for one that cannot be read."""
        folder = state_dir(name)
        remedy = f"Heal with that one; see {folder}/journal.jsonl"
        return record_file.read(folder / "cluster.json", cls._of, remedy)

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> ExistingRecord:
        nodes = tuple(NodeRecord.read(node) for node in fields["nodes"])
        return cls(**{**fields, "nodes": nodes, "targets": tuple(fields["targets"])})

    def save(self) -> None:
        """Put it on disk: the cluster, and the faults in it, outlast a crash of this machine."""
        replace_file(state_dir(self.name) / "cluster.json", json.dumps(asdict(self), indent=2))


def clusters_dir() -> Path:
    return state_root() / "existing"


def state_dir(name: str) -> Path:
    return clusters_dir() / name
