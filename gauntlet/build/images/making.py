"""All images of one Kubernetes version, made in order; what exists already is left as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import docker
from gauntlet.build.binaries import ensure, ensure_modules
from gauntlet.build.cache import Say
from gauntlet.build.images import client, components, debian, node
from gauntlet.build.images.node import NodeImage
from gauntlet.build.images.recipe import Recipe, require_space
from gauntlet.build.toolchain import GoModule, find_go, toolchain_root

# Folders of toolchain/ that only images and kind need. The first has a Kubernetes version in its name.
_NODE = "node-{version}"
_TOOLS = ("kind", "containerd", "cni", "coredns")
# The name by which workloads ask for it (gauntlet.workload.backend).
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.66"


@dataclass(frozen=True)
class Images:
    """Tags of the images, and the Kubernetes version (`1.37.2`) of the nodes."""

    version: str
    agnhost: str
    client: str
    node: str

    def missing(self) -> tuple[str, ...]:
        """Those that Docker does not have."""
        return tuple(tag for tag in (self.agnhost, self.client, self.node) if not docker.has_image(tag))


def make(version: str, say: Say) -> Images:
    """Make the images for a pinned minor version (`1.37`), with the binaries in them.

    Raises EnvironmentUnfit if Docker, debootstrap, rights or room are missing, DockerFailed and GauntletError
    where a step fails: images made before it stay, so that the next try goes on from there.
    """
    docker.require()
    require_space()
    plan = _plan(version, say)
    for root in (debian.CLIENT, debian.NODE):
        root.make(say)
    for recipe in (plan.client, plan.agnhost, *plan.components.values()):
        recipe.make(say)
    plan.node.make(say)
    return plan.images


def find(version: str, say: Say) -> Images:
    """The tags that `make` would give; whether Docker has them is for `Images.missing` to tell.

    Binaries and packages that are not in the cache are built, as their versions are part of the tags.
    """
    return _plan(version, say).images


def proxy_image(kube_proxy: Path) -> Recipe:
    """The image of this kube-proxy alone, on the root that `make` has made; no network is asked for it."""
    return components.kube_proxy(kube_proxy, debian.NODE.tag)


def client_image(version: str, say: Say) -> str:
    """The tag of the client image alone, which needs neither Docker nor what nodes are made of."""
    agnhost = ensure(version, say).path("agnhost")
    return client.recipe(debian.CLIENT.tag, agnhost, say).tag


@dataclass(frozen=True)
class _Plan:
    version: str
    agnhost: Recipe
    client: Recipe
    components: dict[str, Recipe]
    node: NodeImage

    @property
    def images(self) -> Images:
        return Images(self.version, self.agnhost.tag, self.client.tag, self.node.tag)


def _plan(version: str, say: Say) -> _Plan:
    built = ensure(version, say)
    programs = {**built.programs, **ensure_modules((_NODE.format(version=version), *_TOOLS), say)}
    roots = {"CLIENT_ROOT": debian.CLIENT.tag, "NODE_ROOT": debian.NODE.tag}
    agnhost = components.agnhost(programs["agnhost"], debian.CLIENT.tag)
    recipes = components.recipes(programs, roots)
    names = components.wanted(programs["kubeadm"], built.version)
    module = GoModule.read(toolchain_root() / "kind")
    files = node.kind_files(module, find_go(module.go))
    base = node.base(programs, files, debian.NODE.tag, version=built.version, pause=names["pause"])
    preloaded = {AGNHOST: agnhost.tag, **{full: recipes[name].tag for name, full in names.items()}}
    image = NodeImage(base, preloaded)
    clients = client.recipe(debian.CLIENT.tag, programs["agnhost"], say)
    return _Plan(built.version, agnhost, clients, recipes, image)
