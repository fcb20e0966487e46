"""The text of a go.mod: its directives, and the one that pins programs of a Kubernetes release.

What a go.mod replaces counts in the main module alone. Kubernetes builds its programs with dozens of modules replaced,
so whoever takes them from k8s.io/kubernetes has to say the same again (https://go.dev/ref/mod#go-mod-file-replace).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.ground.errors import GauntletError

KUBERNETES = "k8s.io/kubernetes"
# `tool` lines came with Go 1.24; this is the Go that all of toolchain/ is written for.
OLDEST_GO = (1, 26, 0)

_NAME = "github.com/kube-proxy-gauntlet/gauntlet/toolchain/"
_STAGING = "./staging/src/"


def directives(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each directive of a go.mod with its arguments, in both of its forms (https://go.dev/ref/mod#go-mod-file-grammar)."""
    block: str | None = None
    for raw in text.splitlines():
        words = tuple(raw.split("//")[0].split())
        if not words:
            continue
        if words == (")",):
            block = None
        elif block is not None:
            yield block, words
        elif words[-1] == "(":
            block = words[0]
        else:
            yield words[0], words[1:]


def required_go(upstream: str) -> tuple[int, ...]:
    """The oldest Go that builds programs of the release whose own go.mod this is."""
    return max(OLDEST_GO, tuple(int(part) for part in _go(upstream).split(".")))


def pinning(release: str, upstream: str, folder: str, packages: Sequence[str]) -> str:
    """A go.mod that pins these packages of a Kubernetes release (`1.36.3`), for a folder of toolchain/ of this name.

    `upstream` is the release's own go.mod. `go mod tidy` adds what it requires. Raises GauntletError if the release
    replaces a module by a folder that is not published as a module.
    """
    lines = [
        f"module {_NAME}{_last_element(folder)}",
        "go " + ".".join(map(str, required_go(upstream))),
        "\n".join(f"godebug {setting}" for setting in _godebug(upstream)),
        f"require {KUBERNETES} v{release}",
        *(f"tool {package}" for package in packages),
        "\n\t".join(["replace (", *_replaced(release, upstream)]) + "\n)",
    ]
    return "\n\n".join(lines) + "\n"


def _last_element(folder: str) -> str:
    """`1.36` -> `v1_36`, `node-1.36` -> `node-v1_36`: Go takes no element of a path for a version that is not one."""
    prefix, hyphen, version = folder.rpartition("-")
    return f"{prefix}{hyphen}v{version.replace('.', '_')}"


def _replaced(release: str, upstream: str) -> Iterator[str]:
    staging = f"v0.{release.partition('.')[2]}"
    for verb, words in directives(upstream):
        if verb != "replace":
            continue
        target = words[words.index("=>") + 1]
        if target.startswith(_STAGING):
            module = target.removeprefix(_STAGING)
            yield f"{module} => {module} {staging}"
        elif target.startswith((".", "/")):
            raise GauntletError(
                f"Kubernetes {release} replaces {words[0]} by its folder {target}, which is not published as a module",
                f"write toolchain/{'.'.join(release.split('.')[:2])}/go.mod by hand (https://go.dev/ref/mod)",
            )
        else:
            yield " ".join(words)


def _godebug(upstream: str) -> tuple[str, ...]:
    """What the release's programs keep of an older Go's behaviour, whichever builds them (https://go.dev/doc/godebug).

    It counts in the main module alone, too. Without it Go would go by our `go` line, and kube-proxy 1.29 would have
    timers and TLS such as no kube-proxy 1.29 that was released ever had.
    """
    settings = tuple(words[0] for verb, words in directives(upstream) if verb == "godebug")
    if any(setting.startswith("default=") for setting in settings):
        return settings
    return (f"default=go{'.'.join(_go(upstream).split('.')[:2])}", *settings)


def _go(upstream: str) -> str:
    return next(words[0] for verb, words in directives(upstream) if verb == "go")
