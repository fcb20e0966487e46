"""Where clusters come from. `provider` finds one by name, `connect` by the kubeconfig of a running cluster."""

from __future__ import annotations

from gauntlet.providers.existing.options import ExistingOptions
from gauntlet.providers.kind.options import KindOptions
from gauntlet.providers.protocol import AUTO, ClusterSpec, Provider, chosen_kernel
from gauntlet.providers.registry import DEFAULT, connect, provider, provider_names

__all__ = [
    "AUTO",
    "ClusterSpec",
    "DEFAULT",
    "ExistingOptions",
    "KindOptions",
    "Provider",
    "chosen_kernel",
    "connect",
    "provider",
    "provider_names",
]
