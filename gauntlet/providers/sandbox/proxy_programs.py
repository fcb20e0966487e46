"""The kube-proxies that the nodes of a world can run, and the control plane that goes with all of them."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.build.binaries import Binaries
from gauntlet.build.cache import Say
from gauntlet.ground.version import minor_of
from gauntlet.providers import programs
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.providers.sandbox import layout
from gauntlet.providers.sandbox.layout import ProxyProgram
from gauntlet.subject import DATA_PLANE, Subject


def gathered(spec: ClusterSpec, say: Say) -> tuple[Binaries, tuple[ProxyProgram, ...]]:
    """The programs of a cluster, to be bound into its world, and its kube-proxies; built or downloaded first.

    Raises what gauntlet.providers.programs.ensure does.
    """
    found = [(subject, programs.ensure(subject, say)) for subject in spec.subjects]
    return merged(found)


def merged(found: list[tuple[Subject, Binaries]]) -> tuple[Binaries, tuple[ProxyProgram, ...]]:
    """One set of programs out of those of several subjects; the first one's kube-proxy is that of the start.

    The control plane is the newest of theirs: an API server must not be older than a kube-proxy (Kubernetes' policy of
    version skew), and one that changed in the middle would be another experiment.
    """
    first = found[0][1]
    newest = max((binaries for _, binaries in found), key=lambda each: minor_of(each.control_plane_version))
    others = {
        layout.other_proxy(number): binaries.path(DATA_PLANE) for number, (_, binaries) in enumerate(found[1:], start=1)
    }
    proxies = tuple(
        ProxyProgram(
            subject.name,
            replace(subject, version=binaries.version).as_json(),
            f"{layout.BIN}/{layout.other_proxy(number) if number else DATA_PLANE}",
            binaries.origin,
            binaries.proxy_sha256,
        )
        for number, (subject, binaries) in enumerate(found)
    )
    together = replace(
        first,
        control_plane_version=newest.control_plane_version,
        programs={**newest.programs, DATA_PLANE: first.path(DATA_PLANE), **others},
    )
    return together, proxies
