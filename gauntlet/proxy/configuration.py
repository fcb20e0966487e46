"""Changes of a KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1), wherever a cluster keeps it."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from gauntlet.ground.cluster import Json


def changed(configuration: str, changes: Mapping[str, Json]) -> str:
    """The YAML with changes: mappings are merged key by key, all else is replaced."""
    return yaml.safe_dump(_merged(yaml.safe_load(configuration), dict(changes)), sort_keys=False)


def _merged(present: Json, changes: Json) -> Json:
    if not isinstance(present, Mapping) or not isinstance(changes, Mapping):
        return changes
    return {**present, **{key: _merged(present.get(key), value) for key, value in changes.items()}}
