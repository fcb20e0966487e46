"""The modes of kube-proxy: one file each in this folder, which says in its TRAITS what sets the mode apart.

Nothing outside gauntlet/proxy/ compares modes: it asks for a trait.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.traits import Traits

__all__ = ["Traits", "traits"]


def traits(mode: ProxyMode) -> Traits:
    """What sets this mode apart. Raises LookupError for a mode without a file here."""
    try:
        return _known()[mode]
    except KeyError:
        raise LookupError(f"no file of gauntlet/proxy/modes/ is about {mode} mode") from None


@cache
def _known() -> dict[ProxyMode, Traits]:
    """By mode, in the order of ProxyMode. Loaded when first asked for: the readers of rules ask for traits as well."""
    modules = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    found: dict[ProxyMode, Traits] = {module.TRAITS.mode: module.TRAITS for module in modules}
    return {mode: found[mode] for mode in ProxyMode if mode in found}
