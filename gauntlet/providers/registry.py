"""Finds providers: each folder of gauntlet/providers/ is one, and its module `provider` has a PROVIDER.

A provider is imported when it is asked for, not before: that takes a while, and what one needs another may lack.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from gauntlet.ground.errors import UsageError

if TYPE_CHECKING:
    from gauntlet.providers.protocol import Provider, SubjectCluster

# Where clusters come from unless something else is asked for: it needs neither Docker nor root.
DEFAULT = "sandbox"
_PACKAGE = "gauntlet.providers"


def provider_names() -> tuple[str, ...]:
    folders = importlib.import_module(_PACKAGE).__path__
    return tuple(sorted(each.name for each in pkgutil.iter_modules(folders) if each.ispkg))


def provider(name: str) -> Provider:
    """The provider of this name. Raises UsageError, which lists the names, if there is none."""
    if name not in provider_names():
        raise UsageError(f"there is no provider {name!r}", f"choose one of: {', '.join(provider_names())}")
    kind: type[Provider] = importlib.import_module(f"{_PACKAGE}.{name}.provider").PROVIDER
    return kind()


def connect(kubeconfig: Path) -> SubjectCluster:
    """The running cluster of this kubeconfig. Raises UsageError if it is not one of the gauntlet's."""
    from gauntlet.kube.kubeconfig import provider_name

    return provider(provider_name(kubeconfig)).connect(kubeconfig)
