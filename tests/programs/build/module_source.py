"""A source of Go modules in a folder, with tiny releases of Kubernetes: what GOPROXY=file://… reads."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

PROGRAM = 'package main\n\nimport _ "k8s.io/api"\n\nfunc main() { println("hello") }\n'
PACKAGES = ("cmd/kube-proxy", "cmd/kube-apiserver", "cmd/kube-controller-manager", "cmd/kubelet", "test/images/agnhost")


@dataclass(frozen=True)
class ModuleSource:
    """The folder, and what releases are put into it."""

    folder: Path

    def publish(self, release: str, go: str = "1.21") -> None:
        """A Kubernetes release, and its one staging module."""
        mod = (
            f"module k8s.io/kubernetes\n\ngo {go}\n\nrequire k8s.io/api v0.0.0\n\n"
            "replace k8s.io/api => ./staging/src/k8s.io/api\n"
        )
        self._put("k8s.io/kubernetes", f"v{release}", mod, {f"{name}/main.go": PROGRAM for name in PACKAGES})
        self._put("k8s.io/api", f"v0.{release.partition('.')[2]}", "module k8s.io/api\n", {"api.go": "package api\n"})

    def go_mod(self, release: str) -> str:
        return (self.folder / "k8s.io/kubernetes" / "@v" / f"v{release}.mod").read_text()

    def withdraw(self, module: str, version: str) -> None:
        """The module is listed, and nothing of it is served."""
        for file in (self.folder / module / "@v").glob(f"{version}.*"):
            file.unlink()

    def _put(self, module: str, version: str, mod: str, files: dict[str, str]) -> None:
        served = self.folder / module / "@v"
        served.mkdir(parents=True, exist_ok=True)
        with (served / "list").open("a") as listed:
            listed.write(f"{version}\n")
        (served / f"{version}.info").write_text(f'{{"Version":"{version}"}}')
        (served / f"{version}.mod").write_text(mod)
        with zipfile.ZipFile(served / f"{version}.zip", "w") as archive:
            for name, text in {"go.mod": mod, **files}.items():
                archive.writestr(f"{module}@{version}/{name}", text)
