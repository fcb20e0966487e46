"""The Kubernetes binaries: official releases, or built from `toolchain/`, in a cache outside the checkout.

One folder of the cache holds what one module of `toolchain/` builds. Its name carries a hash of everything that
goes in (go.mod, go.sum, flags, Go release). What was downloaded instead (`gauntlet.build.releases`) stands beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gauntlet.build import cache, gobinary, gobuild, gocommand, releases
from gauntlet.build.cache import Say
from gauntlet.build.releases import ReleaseSlot
from gauntlet.build.toolchain import Go, GoModule, control_plane_of, find_go, modules, toolchain_root
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError
from gauntlet.ground.version import numbers

DEFAULT_VERSION = "1.37"


@dataclass(frozen=True)
class Binaries:
    """The programs of one kube-proxy's version and of the control plane that it works with.

    `version` is the full one of kube-proxy, without the `v`: `1.37.2`. `control_plane_version` is mostly the same.
    `origin` says where kube-proxy comes from: "built from source (toolchain/1.37, go1.26.8)". `proxy_sha256` is the
    SHA-256 of an own kube-proxy, which its path and version do not tell from the next build; empty for all others.
    """

    version: str
    control_plane_version: str
    programs: Mapping[str, Path]
    origin: str
    proxy_sha256: str = ""

    def path(self, name: str) -> Path:
        """Where the program is. Raises GauntletError for one that the toolchain does not pin."""
        try:
            return self.programs[name]
        except KeyError:
            raise GauntletError(
                f"no program {name!r} is built for Kubernetes {self.version}",
                f"there are: {', '.join(sorted(self.programs))}; a new one is a `tool` line in toolchain/",
            ) from None


@dataclass(frozen=True)
class Slot:
    """The place in the cache of what one module, or a part of its tools, builds with one Go."""

    module: GoModule
    go: Go
    folder: Path

    @classmethod
    def of(cls, module: GoModule, go: Go) -> Slot:
        digest = hashlib.sha256()
        for part in (
            (module.folder / "go.mod").read_bytes(),
            _sums(module).read_bytes(),
            json.dumps([gobuild.flags(module), gocommand.SETTINGS], sort_keys=True).encode(),
            go.banner.encode(),
        ):
            digest.update(len(part).to_bytes(8, "big") + part)
        name = f"{module.name}-{module.version}-{digest.hexdigest()[:16]}"
        return cls(module, go, cache.root() / name)

    @property
    def programs(self) -> dict[str, Path]:
        return {tool.name: self.folder / tool.name for tool in self.module.tools}

    @property
    def origin(self) -> str:
        """Where the programs come from, for people."""
        return f"built from source (toolchain/{self.module.folder.name}, go{'.'.join(map(str, self.go.release))})"

    @property
    def filled(self) -> bool:
        return cache.is_filled(self.programs.values())


def ensure(version: str = DEFAULT_VERSION, say: Say = lambda _: None, *, root: Path | None = None) -> Binaries:
    """Find the binaries of a pinned minor version (`1.37`); download or build first what is not in the cache.

    `say` gets one line for each step of it. Another process that is at it already is waited for. Without a Go, what was
    built before does. Raises UsageError for a version that is not pinned, EnvironmentUnfit if Go is missing for what is
    not there, or disk space, WrongChecksum if a download is not what was published, and GauntletError if the build
    fails: then nothing of it stays in the cache.
    """
    return _collect(_filled(modules(version, root or toolchain_root()), say))


def ensure_modules(names: Sequence[str], say: Say = lambda _: None, *, root: Path | None = None) -> dict[str, Path]:
    """The programs of these folders of `toolchain/`, whatever Kubernetes version a run is of; built as `ensure` builds.

    They are what only some runs need (kind, kubelet, containerd, CoreDNS). Raises as `ensure` does.
    """
    folders = root or toolchain_root()
    slots = _filled(tuple(GoModule.read(folders / name) for name in names), say)
    return {name: path for slot in slots for name, path in slot.programs.items()}


def find(version: str = DEFAULT_VERSION, *, root: Path | None = None) -> Binaries | None:
    """The binaries of a pinned minor version if all of them are in the cache, else None.

    Raises UsageError and EnvironmentUnfit as `ensure` does.
    """
    pinned = modules(version, root or toolchain_root())
    released = (releases.slot_of(module) for module in pinned)
    slots = _slots(pinned, (each for each in released if each is not None and each.filled))
    return _collect(slots) if all(slot.filled for slot in slots) else None


def _filled(pinned: tuple[GoModule, ...], say: Say) -> tuple[Slot | ReleaseSlot, ...]:
    released = (_released(module, say) for module in pinned)
    slots = _slots(pinned, (each for each in released if each is not None))
    for slot in slots:
        if isinstance(slot, Slot) and not slot.filled:
            _fill(slot, say)
    return slots


def _released(module: GoModule, say: Say) -> ReleaseSlot | None:
    """What a release has of this module, in the cache; downloaded first unless the module was built already."""
    slot = releases.slot_of(module)
    if slot is None or slot.filled:
        return slot
    return slot if not _is_built(module) and releases.fetch(slot, say) else None


def _is_built(module: GoModule) -> bool:
    try:
        (slot,) = _built_slots((module,))
    except EnvironmentUnfit:
        return False
    return slot.filled


def _slots(pinned: tuple[GoModule, ...], released: Iterable[ReleaseSlot]) -> tuple[Slot | ReleaseSlot, ...]:
    """Where the programs of these modules are, or will be when they are built: in that order, releases first."""
    downloaded = {slot.module.folder: slot for slot in released}
    left = tuple(_without(module, downloaded.get(module.folder)) for module in pinned)
    built = {slot.module.folder: slot for slot in _built_slots(tuple(module for module in left if module.tools))}
    found = ((downloaded.get(module.folder), built.get(module.folder)) for module in pinned)
    return tuple(slot for pair in found for slot in pair if slot is not None)


def _without(module: GoModule, released: ReleaseSlot | None) -> GoModule:
    if released is None:
        return module
    tools = tuple(tool for tool in module.tools if tool not in released.module.tools)
    return replace(module, tools=tools, part="-".join(tool.name for tool in tools))


def _built_slots(pinned: tuple[GoModule, ...]) -> tuple[Slot, ...]:
    if not pinned:
        return ()
    try:
        go = find_go(max(module.go for module in pinned))
    except EnvironmentUnfit:
        # What is built needs no Go any more.
        built = [slot for module in pinned if (slot := _built_before(module)) is not None]
        if len(built) < len(pinned):
            raise
        return tuple(built)
    return tuple(_place(module, go) for module in pinned)


def _place(module: GoModule, go: Go) -> Slot:
    """The slot of the module; of some of its tools alone, that of all of them if it is there."""
    slot = Slot.of(module, go)
    if module.part and not slot.filled and (whole := Slot.of(GoModule.read(module.folder), go)).filled:
        return replace(whole, module=module)
    return slot


def _built_before(module: GoModule) -> Slot | None:
    """A filled slot of this very module, whichever Go filled it: its programs name that Go."""
    names = {module.name, GoModule.read(module.folder).name}
    for folder in sorted(each for name in names for each in cache.root().glob(f"{name}-{module.version}-*")):
        program = folder / module.tools[0].name
        banner = gobinary.banner(program) if program.is_file() else None
        if banner is None:
            continue
        slot = _place(module, Go(Path("go"), numbers(banner.removeprefix("go version go")), banner))
        if slot.folder == folder and slot.filled:
            return slot
    return None


def _collect(slots: tuple[Slot | ReleaseSlot, ...]) -> Binaries:
    # What a version pins itself comes before what another one lends it.
    programs = {name: path for slot in reversed(slots) for name, path in slot.programs.items()}
    control_plane = control_plane_of([slot.module for slot in slots])
    return Binaries(slots[0].module.version, control_plane.version, programs, slots[0].origin)


def _fill(slot: Slot, say: Say) -> None:
    title = f"{slot.module.name} {slot.module.version}"

    def build(part: Path) -> None:
        gobuild.require_space(cache.root(), slot.go)
        gobuild.build(slot.module, slot.go, part, lambda line: say(f"{title}: {line}"))

    if cache.fill(slot.folder, slot.programs, build, lambda: say(f"{title}: another process is building it; waiting")):
        say(f"{title}: built {', '.join(slot.programs)} into {slot.folder}")


def _sums(module: GoModule) -> Path:
    sums = module.folder / "go.sum"
    if not sums.is_file():
        raise GauntletError(
            f"{sums} is missing: nothing would verify what is downloaded", "restore it: git checkout -- toolchain"
        )
    return sums
