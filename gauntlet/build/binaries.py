"""The Kubernetes binaries: built from `toolchain/` into a cache outside the checkout, and found there.

One folder of the cache holds what one module of `toolchain/` builds. Its name carries a hash of everything that
goes in (go.mod, go.sum, flags, Go release), so a folder is right as soon as it exists: it is filled under another
name and renamed at the end.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import gobinary, gobuild
from gauntlet.build.toolchain import Go, GoModule, find_go, modules, parse_release, toolchain_root
from gauntlet.ground import paths
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError

DEFAULT_VERSION = "1.37"

# The last minor version whose kube-proxy has the mode. Userspace: removed in 1.26 (kubernetes/kubernetes 112133).
LAST_VERSION_WITH: Mapping[ProxyMode, str] = {ProxyMode.USERSPACE: "1.25"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Binaries:
    """The programs of one kube-proxy's version and of the control plane that it works with.

    `version` is the full one of kube-proxy, without the `v`: `1.37.2`. `control_plane_version` is mostly the same.
    `origin` says where kube-proxy comes from: "built from source (toolchain/1.37, go1.26.8)".
    """

    version: str
    control_plane_version: str
    programs: Mapping[str, Path]
    origin: str

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
    """The place in the cache of what one module builds with one Go."""

    module: GoModule
    go: Go
    folder: Path

    @classmethod
    def of(cls, module: GoModule, go: Go) -> Slot:
        digest = hashlib.sha256()
        for part in (
            (module.folder / "go.mod").read_bytes(),
            _sums(module).read_bytes(),
            json.dumps([gobuild.flags(module), gobuild.SETTINGS], sort_keys=True).encode(),
            go.banner.encode(),
        ):
            digest.update(len(part).to_bytes(8, "big") + part)
        name = f"{module.name}-{module.version}-{digest.hexdigest()[:16]}"
        return cls(module, go, paths.cache_root() / "binaries" / name)

    @property
    def programs(self) -> dict[str, Path]:
        return {tool.name: self.folder / tool.name for tool in self.module.tools}

    @property
    def origin(self) -> str:
        """Where the programs come from, for people."""
        return f"built from source (toolchain/{self.module.folder.name}, go{'.'.join(map(str, self.go.release))})"

    @property
    def filled(self) -> bool:
        return all(os.access(program, os.X_OK) for program in self.programs.values())


def ensure(version: str = DEFAULT_VERSION, say: Say = lambda _: None, *, root: Path | None = None) -> Binaries:
    """Find the binaries of a pinned minor version (`1.37`); build first what is not in the cache.

    `say` gets one line for each step of a build. A build that runs already, in this or another process, is waited for.
    Without a Go, what was built before does. Raises UsageError for a version that is not pinned, EnvironmentUnfit if Go
    is missing for what is not built, or disk space, and GauntletError if the build fails: then nothing of it stays in
    the cache.
    """
    slots = _slots(version, root)
    for slot in slots:
        if not slot.filled:
            _fill(slot, say)
    return _collect(slots)


def ensure_modules(names: Sequence[str], say: Say = lambda _: None, *, root: Path | None = None) -> dict[str, Path]:
    """The programs of these folders of `toolchain/`, whatever Kubernetes version a run is of; built as `ensure` builds.

    They are what only some runs need (kind, kubelet, containerd): no set-up builds them. Raises as `ensure` does.
    """
    folders = root or toolchain_root()
    slots = _slots_of(tuple(GoModule.read(folders / name) for name in names))
    for slot in slots:
        if not slot.filled:
            _fill(slot, say)
    return {name: path for slot in slots for name, path in slot.programs.items()}


def proxy_version(mode: ProxyMode, version: str) -> str:
    """The minor version of kube-proxy that runs in this mode, in a run of a minor version (`1.37`).

    It is the run's own, except for a mode that is gone from it: then the last version that has the mode.
    """
    last = LAST_VERSION_WITH.get(mode, version)
    return min(version, last, key=parse_release)


def find(version: str = DEFAULT_VERSION, *, root: Path | None = None) -> Binaries | None:
    """The binaries of a pinned minor version if all of them are built, else None.

    Raises UsageError and EnvironmentUnfit as `ensure` does.
    """
    slots = _slots(version, root)
    return _collect(slots) if all(slot.filled for slot in slots) else None


def _slots(version: str, root: Path | None) -> tuple[Slot, ...]:
    return _slots_of(modules(version, root or toolchain_root()))


def _slots_of(pinned: tuple[GoModule, ...]) -> tuple[Slot, ...]:
    try:
        go = find_go(max(module.go for module in pinned))
    except EnvironmentUnfit:
        # What is built needs no Go any more.
        built = [slot for module in pinned if (slot := _built_before(module)) is not None]
        if len(built) < len(pinned):
            raise
        return tuple(built)
    return tuple(Slot.of(module, go) for module in pinned)


def _built_before(module: GoModule) -> Slot | None:
    """A filled slot of this very module, whichever Go filled it: its programs name that Go."""
    for folder in sorted((paths.cache_root() / "binaries").glob(f"{module.name}-{module.version}-*")):
        program = folder / module.tools[0].name
        banner = gobinary.banner(program) if program.is_file() else None
        if banner is None:
            continue
        slot = Slot.of(module, Go(Path("go"), parse_release(banner.removeprefix("go version go")), banner))
        if slot.folder == folder and slot.filled:
            return slot
    return None


def _collect(slots: tuple[Slot, ...]) -> Binaries:
    # What a version pins itself comes before what another one lends it.
    programs = {name: path for slot in reversed(slots) for name, path in slot.programs.items()}
    own = slots[0].module
    control_plane = next((slot.module for slot in slots if slot.module.has_control_plane), own)
    return Binaries(own.version, control_plane.version, programs, slots[0].origin)


def _fill(slot: Slot, say: Say) -> None:
    title = f"{slot.module.name} {slot.module.version}"
    try:
        slot.folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(slot.folder, lambda: say(f"{title}: another process is building it; waiting")):
            if slot.filled:
                return
            _sweep(slot)
            gobuild.require_space(slot.folder.parent, slot.go)
            with _part(slot) as part:
                gobuild.build(slot.module, slot.go, part, lambda line: say(f"{title}: {line}"))
                _commit(part, slot)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise EnvironmentUnfit(
            f"cannot write the cache: {error}", "set XDG_CACHE_HOME to a folder that this user may write"
        ) from error
    say(f"{title}: built {', '.join(slot.programs)} into {slot.folder}")


@contextmanager
def locked(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a folder of the cache for this process alone, by a file beside it; `on_wait` is called where another has it.

    The kernel releases it when the process ends, however that happens.
    """
    with folder.with_name(folder.name + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _part(slot: Slot) -> Iterator[Path]:
    """A folder beside the slot to build into; gone at the end, unless it was renamed."""
    part = Path(tempfile.mkdtemp(prefix=f"{slot.folder.name}.part-", dir=slot.folder.parent))
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sweep(slot: Slot) -> None:
    """Remove what a killed build left, and a slot that lost a program. Call it with the lock held."""
    for left in slot.folder.parent.glob(f"{slot.folder.name}.part-*"):
        shutil.rmtree(left, ignore_errors=True)
    if slot.folder.exists():
        shutil.rmtree(slot.folder)


def _commit(part: Path, slot: Slot) -> None:
    for name in slot.programs:
        # A rename may reach the disk before the data does; a power cut in between would leave an empty program.
        with (part / name).open("rb") as program:
            os.fsync(program.fileno())
    part.chmod(0o755)
    part.rename(slot.folder)


def _sums(module: GoModule) -> Path:
    sums = module.folder / "go.sum"
    if not sums.is_file():
        raise GauntletError(
            f"{sums} is missing: nothing would verify what is downloaded", "restore it: git checkout -- toolchain"
        )
    return sums
