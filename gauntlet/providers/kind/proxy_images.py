"""The kube-proxies that the nodes of a kind cluster can run: an image each, on every node before it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from gauntlet.build import docker
from gauntlet.build.cache import Say
from gauntlet.build.images import making
from gauntlet.nodes.container import ContainerNode
from gauntlet.providers import programs
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.subject import DATA_PLANE, Subject

_IMPORT_S = 120.0


@dataclass(frozen=True)
class ProxyImage:
    """The kube-proxy of a subject, by its `name`. `subject` is JSON (gauntlet.subject.Subject), its version in full.

    `sha256` is that of an own program; empty for all others.
    """

    name: str
    subject: str
    image: str
    origin: str
    sha256: str


def gathered(spec: ClusterSpec, say: Say) -> tuple[ProxyImage, ...]:
    """Those of all subjects of a cluster, that of its start first; built first if they are not there.

    Raises what gauntlet.providers.programs.ensure does, and DockerFailed.
    """
    return tuple(_made(subject, say) for subject in spec.subjects)


def load(nodes: tuple[ContainerNode, ...], images: tuple[ProxyImage, ...]) -> None:
    """Import them into the containerd of each node: there is no registry to pull from."""
    tags = list(dict.fromkeys(each.image for each in images))
    ctr = ("ctr", "--namespace=k8s.io", "images", "import", "--local", "-")

    def into(node: ContainerNode) -> None:
        docker.pipe(("save", *tags), ("exec", "--interactive", node.container, *ctr), timeout_s=_IMPORT_S)

    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(into, nodes))


def _made(subject: Subject, say: Say) -> ProxyImage:
    found = programs.ensure(subject, say)
    image = making.proxy_image(found.path(DATA_PLANE)).make(say)
    exact = replace(subject, version=found.version)
    return ProxyImage(subject.name, exact.as_json(), image, found.origin, found.proxy_sha256)
