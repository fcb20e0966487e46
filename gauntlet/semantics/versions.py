"""Where versions of kube-proxy differ by design, as far as that changes who may answer.

Which version does what, and with which gates, is in gauntlet/proxy/modelled.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ZoneHints(StrEnum):
    """When a kube-proxy looks at zone hints."""

    AUTO = "if the annotation of the Service says Auto"
    ENABLED = "if the annotation of the Service says anything but Disabled"
    ALWAYS = "always"


@dataclass(frozen=True)
class VersionRules:
    """What one version of kube-proxy does, with the gates it was given.

    `reads_headless_label` is whether it serves Services with the label headless, whose slices it never reads.
    """

    zone_hints: ZoneHints = ZoneHints.ALWAYS
    node_hints: bool = True
    terminating_endpoints: bool = True
    ip_mode: bool = True
    external_ips: bool = True
    reads_headless_label: bool = True


NEWEST = VersionRules()
