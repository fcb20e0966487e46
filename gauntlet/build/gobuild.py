"""One `go build` of one module of `toolchain/`: flags, progress, disk space, and errors a person can act on."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gauntlet.build import gocommand
from gauntlet.build.toolchain import Go, GoModule
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError

# What a build of all binaries with empty Go caches takes: 3.8 GiB build cache, 1 GiB modules, 0.4 GiB programs.
NEEDED_BYTES = 6 * 1024**3


@dataclass
class Progress:
    """Counts packages as they are compiled, and says so every few seconds.

    `total` is how many there are with an empty Go cache.
    """

    total: int
    say: Callable[[str], None]
    compiled: int = 0
    started: float = field(default_factory=time.monotonic)
    spoken: float = field(default_factory=time.monotonic)

    def one_more(self) -> None:
        self.compiled += 1
        now = time.monotonic()
        if now - self.spoken >= gocommand.PROGRESS_EVERY_S:
            self.spoken = now
            self.say(f"{self.compiled} of {self.total} packages compiled after {now - self.started:.0f} s")


def flags(module: GoModule) -> list[str]:
    """Arguments of `go build`. Kubernetes takes its version from the linker (hack/lib/version.sh of kubernetes)."""
    link = ["-s", "-w"]
    if any(tool.package.startswith("k8s.io/kubernetes/") for tool in module.tools):
        major, minor = module.version.split(".")[:2]
        values = {"gitVersion": f"v{module.version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        for name, value in values.items():
            link += ["-X", f"k8s.io/component-base/version.{name}={value}"]
    return ["-v", "-trimpath", "-buildvcs=false", f"-ldflags={' '.join(link)}"]


def build(module: GoModule, go: Go, into: Path, say: Callable[[str], None]) -> None:
    """Build every tool of the module into the folder `into`, as `into/NAME`.

    Raises EnvironmentUnfit if the disk is full or the modules cannot be reached, GauntletError for all else.
    """
    for tool in module.tools:
        say(f"building {tool.name} {tool.version}")
    # One call a folder: programs of one module link side by side and share what they compile.
    output = into / "out"
    output.mkdir()
    packages = [tool.package for tool in module.tools]
    listed = gocommand.run([str(go.path), "list", "-deps", "-f", "{{.ImportPath}}", *packages], module.folder)
    if listed.returncode != 0:
        raise _explain(module, listed.returncode, listed.stderr.splitlines())
    progress = Progress(total=len(listed.stdout.splitlines()), say=say)
    said: list[str] = []

    def hear(line: str) -> None:
        if _is_package(line):
            progress.one_more()
        else:
            said.append(line.rstrip())

    build_all = [str(go.path), "build", *flags(module), "-o", f"{output}/", *packages]
    code = gocommand.follow(build_all, module.folder, hear)
    if code != 0:
        raise _explain(module, code, said)
    for tool in module.tools:
        (output / tool.go_name).rename(into / tool.name)
    output.rmdir()


def require_space(cache: Path, go: Go) -> None:
    """Raises EnvironmentUnfit if a build with empty Go caches might not fit on a disk that it would write to."""
    asked = subprocess.run(
        [go.path, "env", "GOCACHE", "GOMODCACHE"],
        capture_output=True,
        text=True,
        check=True,
        env=gocommand.environment(),
    )
    for folder in (cache, *(Path(line) for line in asked.stdout.split("\n") if line)):
        free = shutil.disk_usage(_nearest(folder)).free
        if free < NEEDED_BYTES:
            raise EnvironmentUnfit(
                f"{folder} has {free / 1024**3:.1f} GiB free; building the Kubernetes binaries may take "
                f"{NEEDED_BYTES / 1024**3:.0f} GiB",
                "make room, or set XDG_CACHE_HOME, GOCACHE and GOMODCACHE to folders on a larger disk",
            )


def _explain(module: GoModule, code: int, said: list[str]) -> GauntletError:
    text = "\n".join(said)
    what = f"building {module.name} {module.version} failed"
    if "checksum mismatch" in text or "SECURITY ERROR" in text:
        return GauntletError(
            f"{what}: a downloaded module is not what go.sum promises\n{_tail(said, 'checksum', 'h1:', 'verifying')}",
            f"do not edit {module.folder / 'go.sum'}; clear the module cache (go clean -modcache) and, if it happens "
            "again, find out who changes your downloads",
        )
    if "no space left on device" in text:
        return EnvironmentUnfit(
            f"{what}: no space left on device",
            "make room, or set XDG_CACHE_HOME, GOCACHE, GOMODCACHE and TMPDIR to folders on a larger disk",
        )
    if gocommand.UNREACHABLE.search(text):
        return EnvironmentUnfit(
            f"{what}: a module could not be downloaded\n{_tail(said)}",
            gocommand.UNREACHABLE_REMEDY,
        )
    if code < 0:
        return GauntletError(f"{what}: go was ended by signal {-code}", "if memory was short, free some and try again")
    return GauntletError(
        f"{what} (exit code {code})\n{_tail(said)}", f"see it yourself: cd {module.folder} && go build"
    )


def _tail(said: list[str], *having: str) -> str:
    chosen: Iterable[str] = (line for line in said if any(word in line for word in having)) if having else said
    kept = [line for line in chosen if line.strip() and not line.startswith("go: downloading ")]
    return "\n".join(f"    {line.strip()}" for line in kept[-12:])


def _is_package(line: str) -> bool:
    return re.fullmatch(r"[\w.~-]+(/[\w.~+-]+)*\n?", line) is not None


def _nearest(folder: Path) -> Path:
    """The folder itself, or the closest parent of it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())
