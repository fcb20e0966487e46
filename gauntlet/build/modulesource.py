"""What Go's module source (GOPROXY) has of Kubernetes: releases, their go.mod, and all that one of them requires."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import gocommand
from gauntlet.build.gomod import KUBERNETES
from gauntlet.build.toolchain import Go
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.version import numbers

# Of the go command that asks for one file. A source that says nothing is as good as none.
ANSWER_S = 90.0

# `k8s.io/kubernetes@v1.99.3: reading …: 404 Not Found`, and after a replace line `…@v0.0.0 (replaced by …@v0.99.3): …`.
# Of a minor version it is `module k8s.io/kubernetes: no matching versions for query "v1.99"`.
_MISSING = re.compile(r"([\w./~-]+)@(v[\w.+-]+)\)?: (?:reading |.*(?:unknown revision|not found))")
_NO_MATCH = "no matching versions"
_UNAVAILABLE = re.compile(r"disabled by GOPROXY=off|\b(?:429|5\d\d) [A-Z]")
_OTHERS_SHOWN = 5

# Nothing of the user's changes the result; and Go may write go.mod and go.sum, which is what it is called for.
SETTINGS = {**gocommand.SETTINGS, "GOFLAGS": "-mod=mod"}


@dataclass(frozen=True)
class Source:
    """The module source as one Go reaches it. `folder` is an empty one, for the go.mod that Go wants around itself."""

    go: Go
    folder: Path

    def release(self, version: str) -> tuple[str, str]:
        """The release that a version means (of `1.36`: its newest patch), without the `v`, and its own go.mod.

        Raises UsageError if there is none, EnvironmentUnfit if the source cannot be asked.
        """
        answer = json.loads(self._ask(version, f"{KUBERNETES}@v{version}"))
        return answer["Version"].removeprefix("v"), Path(answer["GoMod"]).read_text(encoding="utf-8")

    def tidy(self, release: str, module: Path, say: Callable[[str], None]) -> None:
        """Let Go complete `module/go.mod`, which pins programs of a release, and write the go.sum beside it.

        Raises UsageError if a module of the release is not to be had, EnvironmentUnfit if the source cannot be asked,
        GauntletError for all else.
        """
        said: list[str] = []
        started = spoken = time.monotonic()

        def hear(line: str) -> None:
            nonlocal spoken
            said.append(line)
            now = time.monotonic()
            if now - spoken >= gocommand.PROGRESS_EVERY_S:
                spoken = now
                fetched = sum(each.startswith("go: downloading ") for each in said)
                say(f"{fetched} modules fetched after {now - started:.0f} s")

        if gocommand.follow([str(self.go.path), "mod", "tidy"], module, hear, settings=SETTINGS) != 0:
            raise self._explain(release, "".join(said))

    def _ask(self, version: str, query: str) -> str:
        try:
            done = self._list(query)
        except subprocess.TimeoutExpired:
            raise EnvironmentUnfit(
                f"Kubernetes {version} cannot be pinned: Go's module source did not answer within {ANSWER_S:g} s",
                "check the network and `go env GOPROXY`",
            ) from None
        if done.returncode != 0:
            raise self._explain(version, done.stderr)
        return done.stdout

    def _list(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "go.mod").write_text("module asking\n", encoding="utf-8")
        argv = [str(self.go.path), "list", "-m", "-json", *arguments]
        return gocommand.run(argv, self.folder, settings=SETTINGS, timeout_s=ANSWER_S)

    def _explain(self, version: str, stderr: str) -> GauntletError:
        what = f"Kubernetes {version} cannot be pinned"
        lines = [
            line.strip() for line in stderr.splitlines() if not line.startswith(("go: downloading", "go: finding"))
        ]
        detail = "\n".join(f"    {line}" for line in lines[-6:] if line)
        if gocommand.UNREACHABLE.search(stderr) or _UNAVAILABLE.search(stderr):
            return EnvironmentUnfit(
                f"{what}: a module could not be fetched\n{detail}",
                gocommand.UNREACHABLE_REMEDY,
            )
        missing = _MISSING.search(stderr)
        if _NO_MATCH in stderr or (missing is not None and missing[1] == KUBERNETES):
            return UsageError(
                f"there is no Kubernetes {version} at Go's module source\n{detail}", self._others(version)
            )
        if missing is None:
            return GauntletError(f"{what}: `go` failed\n{detail}", "if what Go says does not help, report it to us")
        module, its_version = missing.groups()
        return UsageError(
            f"{what}: its module {module} {its_version} is not at Go's module source\n{detail}", self._others(version)
        )

    def _others(self, version: str) -> str:
        """Which other patches of the minor version there are, for a remedy."""
        try:
            done = self._list("-versions", KUBERNETES)
        except subprocess.TimeoutExpired:
            return "choose another version"
        listed = json.loads(done.stdout).get("Versions", []) if done.returncode == 0 else []
        released = sorted((each.removeprefix("v") for each in listed if "-" not in each), key=numbers)
        minor = version.split(".")[:2]
        same = [each for each in released if each.split(".")[:2] == minor and each != version]
        if not same:
            newest = f"; the newest of all is {released[-1]}" if released else ""
            return f"choose another version: no other of {'.'.join(minor)} is listed{newest}"
        shown = ", ".join(reversed(same[-_OTHERS_SHOWN:]))
        return f"choose another patch; listed are {shown}: gauntlet versions add {same[-1]}"
