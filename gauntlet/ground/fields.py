"""Fields laid over fields: how layers of settings become one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

V = TypeVar("V")


def merged(below: Mapping[str, V], above: Mapping[str, V]) -> dict[str, V]:
    """Mappings are merged key by key, at any depth; all else of `below` is replaced by what `above` has."""
    fields = dict(below)
    for key, value in above.items():
        under = fields.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        fields[key] = cast(V, merged(cast(Mapping[str, V], under), cast(Mapping[str, V], value))) if both else value
    return fields
