"""What is kept on disk of a node of a cluster that others made the nodes of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.ground.family import Addressed, Family, common_families
from gauntlet.kube.objects import NodeObject


@dataclass(frozen=True)
class NodeRecord(Addressed):
    name: str
    addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]

    @classmethod
    def of(cls, node: NodeObject) -> NodeRecord:
        return cls(node.metadata.name, node.addresses, node.spec.pod_ranges)

    @classmethod
    def read(cls, fields: Mapping[str, str | Sequence[str]]) -> NodeRecord:
        """One that was JSON in between. Raises KeyError if it is no such record."""
        return cls(str(fields["name"]), tuple(fields["addresses"]), tuple(fields["pod_cidrs"]))


def families(nodes: Sequence[NodeRecord]) -> tuple[Family, ...]:
    """The IP families that each node and its pods have addresses of. Pods of unknown ranges count for the primary one.

    Whether the API server gives Services addresses of them cannot be told without making one.
    """
    return common_families(each for node in nodes for each in (node.addresses, node.pod_cidrs or node.addresses[:1]))
