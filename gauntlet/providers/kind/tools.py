"""The programs that kind clusters are made with: from the command line, from PATH, or built from toolchain/."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from gauntlet.build.binaries import ensure_modules
from gauntlet.ground.ending import DIES_WITH_US
from gauntlet.ground.errors import UsageError
from gauntlet.providers.kind.options import KindOptions


@dataclass(frozen=True)
class KindTools:
    """Paths of kind and kubectl."""

    kind: Path
    kubectl: Path


def find(options: KindOptions, version: str) -> KindTools:
    """Find them; none is ever downloaded by itself. `version` is a minor version of Kubernetes, for kubectl.

    Raises UsageError if a path that was given is no program.
    """
    return KindTools(
        _given("--kind-bin", options.kind) or _found("kind", "kind"),
        _given("--kind-kubectl-bin", options.kubectl) or _found("kubectl", f"node-{version}"),
    )


def require_given(options: KindOptions) -> None:
    """Raises UsageError if a path that was given is not a program."""
    _given("--kind-bin", options.kind)
    _given("--kind-kubectl-bin", options.kubectl)


def retaining(tools: KindTools, folder: Path) -> KindTools:
    """The same, but a cluster that does not come up keeps its nodes, and so their logs; and kind ends with its caller.

    pytest-kind passes no options on to `kind create cluster`; a program in `folder` adds --retain.
    """
    program = folder / "kind-retain"
    kind = shlex.join((*DIES_WITH_US, str(tools.kind)))
    program.write_text(f'#!/bin/sh\n[ "$1" != create ] || set -- "$@" --retain\nexec {kind} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return replace(tools, kind=program)


def _given(option: str, path: str) -> Path | None:
    if not path:
        return None
    if not os.access(path, os.X_OK) or Path(path).is_dir():
        raise UsageError(f"{option}={path} is no program", "name an executable file, or leave the option out")
    return Path(path).absolute()


def _found(program: str, module: str) -> Path:
    on_path = shutil.which(program)
    return Path(on_path) if on_path else ensure_modules((module,))[program]
