"""Whether the nodes of a cluster can have the iptables that its subjects name."""

from __future__ import annotations

from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.providers.sandbox.fitness import host_lacks_tools


def require(spec: ClusterSpec) -> None:
    """Raises UsageError or EnvironmentUnfit, with what is missing, if they cannot."""
    named = {subject.name: subject.tools for subject in spec.subjects if subject.tools is not None}
    if not named:
        return
    unnamed = [subject.name for subject in spec.subjects if subject.tools is None]
    if unnamed:
        raise UsageError(
            f"{', '.join(named)} names iptables tools, and {', '.join(unnamed)}, which would get the same, does not",
            "name those of both, +tools=legacy or +tools=nft, or of neither",
        )
    if spec.kernel is NodeKernel.OWN:
        raise UsageError(
            "nodes with a kernel of their own have iptables-legacy and no other: their nf_tables lacks what the other "
            "needs",
            "leave +tools= out, or let nodes use this machine's kernel: --kp-node-kernel host",
        )
    # Each kind is tried once: a trial makes a world of its own.
    for tools in dict.fromkeys(named.values()):
        if lack := host_lacks_tools(tools):
            whose = ", ".join(name for name, its in named.items() if its is tools)
            raise EnvironmentUnfit(
                f"nodes of this machine cannot have the iptables-{tools} of {whose}: {lack}",
                "it needs iptables of both kinds behind /etc/alternatives, as Debian and Ubuntu have them, and for "
                "legacy a kernel with iptable_nat and ip6table_nat",
            )
