"""Which clusters kind can make: a name that Docker and Kubernetes take, and the kube-proxy that a node image brings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.build.toolchain import pinned_minor, toolchain_root
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.version import minor_of
from gauntlet.providers import programs
from gauntlet.providers.kind import config as kind_config
from gauntlet.providers.kind import containers
from gauntlet.providers.kind.cluster import KindRecord, state_dir
from gauntlet.providers.protocol import ClusterSpec, require_distinct
from gauntlet.proxy.eras import offer
from gauntlet.subject import Subject


def require_makeable(spec: ClusterSpec) -> None:
    """Raises UsageError or EnvironmentUnfit if no cluster of kind can be as the specification says."""
    if spec.families:
        raise UsageError(
            "the IP families of kind clusters are those of kind-configs/, not the gauntlet's to choose",
            "leave --kp-families or --families out; the sandbox provider has both families, or either alone",
        )
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", spec.name):
        raise UsageError(
            f"{spec.name!r} is no name for a cluster", "use 1 to 40 small letters, digits and inner dashes"
        )
    if named := [each.name for each in spec.subjects if each.tools is not None]:
        raise UsageError(
            f"nodes of kind have the iptables of their image, not those that {', '.join(named)} names",
            "leave +tools= out, or use the sandbox provider",
        )
    if spec.replacements:
        _require_replaceable(spec)
    else:
        _require_program(spec.subject, spec.kind.image)


def require_version(subject: Subject, image: str, version: str) -> None:
    """Raises UsageError if the subject says another version than that of the kube-proxy in a node image."""
    if not subject.may_be(version):
        raise UsageError(f"{image} has kube-proxy {version}, not {subject.version}", "give one of that version")


def _require_replaceable(spec: ClusterSpec) -> None:
    """Raises UsageError if nodes cannot be given each of these kube-proxies under the newest control plane."""
    require_distinct(spec)
    offer(spec.mode, DEFAULT_VERSION)  # with the node image's kube-proxy the cluster comes up
    for subject in spec.subjects:
        programs.require_pinned(subject)
        if subject.minor > minor_of(DEFAULT_VERSION):
            raise UsageError(
                f"{subject.name} is kube-proxy {subject.version}, newer than the control plane, {DEFAULT_VERSION}",
                "choose a version up to that: kube-proxy must not be newer than the API server",
            )


def _require_program(subject: Subject, image: str) -> None:
    """Raises UsageError or EnvironmentUnfit if it is not the kube-proxy that a node image brings."""
    other = "the sandbox provider takes it"
    if subject.program is not None:
        raise UsageError(f"kind nodes run the kube-proxy of their image, not {subject.program}", other)
    if image:
        if tagged := kind_config.version_in(image):
            require_version(subject, image, tagged)
        return
    minor = "{}.{}".format(*subject.minor)
    if not (toolchain_root() / f"node-{minor}").is_dir():
        raise EnvironmentUnfit(
            f"{subject.name} on kind needs a node image of Kubernetes {minor}, and none is made here",
            f"--kind-image=kindest/node:v{minor}.Z where a registry can be reached; or use the sandbox provider",
        )
    pinned_minor(subject.version, toolchain_root())


def refuse_containers(name: str) -> None:
    """Raise UsageError if Docker has nodes of such a cluster, unless they are of a bring-up that was never finished."""
    if not containers.nodes(name):
        return
    if not state_dir(name).exists():
        raise UsageError(
            f"Docker has containers of a kind cluster {name} that is not the gauntlet's",
            f"choose another name; or, if nobody needs it, kind delete cluster --name {name}",
        )
    if KindRecord.load(name) is not None:
        raise UsageError(
            f"there is a kind cluster {name} already, and not all of its containers run",
            f"choose another name, or end it: gauntlet cluster down {name}",
        )


def stopped(name: str, idle: Sequence[str]) -> GauntletError:
    """What there is to say of a finished cluster of which these containers do not run."""
    return GauntletError(
        f"kind cluster {name} is there, but {', '.join(idle)} {'does' if len(idle) == 1 else 'do'} not run",
        f"gauntlet cluster down {name} takes away what there is of it",
    )


def unfinished(name: str) -> GauntletError:
    """What there is to say of a cluster that has its folder, but no record, while nobody is making it."""
    return GauntletError(
        f"the run that was making kind cluster {name} was killed before it was done",
        f"gauntlet cluster down {name} takes away what there is of it; so does a new cluster of this name",
    )
