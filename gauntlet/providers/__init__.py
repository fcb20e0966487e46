"""Where clusters come from. `provider` finds one by name, `connect` by the kubeconfig of a running cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import UsageError
from gauntlet.kube.kubeconfig import provider_name
from gauntlet.providers.existing.options import ExistingOptions
from gauntlet.providers.existing.provider import ExistingProvider
from gauntlet.providers.kind.provider import KindProvider
from gauntlet.providers.kind.tools import KindOptions
from gauntlet.providers.protocol import AUTO, ClusterSpec, Provider, chosen_kernel
from gauntlet.providers.sandbox.provider import SandboxProvider

__all__ = [
    "AUTO",
    "ClusterSpec",
    "ExistingOptions",
    "KindOptions",
    "Provider",
    "chosen_kernel",
    "connect",
    "provider",
    "provider_names",
]


_PROVIDERS: dict[str, Callable[[], Provider]] = {
    "existing": ExistingProvider,
    "kind": KindProvider,
    "sandbox": SandboxProvider,
}


def provider_names() -> tuple[str, ...]:
    return tuple(sorted(_PROVIDERS))


def provider(name: str) -> Provider:
    """The provider of this name. Raises UsageError, which lists the names, where there is none."""
    if name not in _PROVIDERS:
        raise UsageError(f"there is no provider {name!r}", f"choose one of: {', '.join(provider_names())}")
    return _PROVIDERS[name]()


def connect(kubeconfig: Path) -> Cluster:
    """The running cluster of this kubeconfig. Raises UsageError where it is not one of the gauntlet's."""
    return provider(provider_name(kubeconfig)).connect(kubeconfig)
