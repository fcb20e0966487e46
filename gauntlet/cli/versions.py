"""`gauntlet versions`: which Kubernetes versions there are to choose from, and one more."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from gauntlet.build.addition import Addition
    from gauntlet.build.versions import PinnedVersion

# Skew, in a sentence.
_SKEW = {
    "within": "within Kubernetes' version skew policy",
    "beyond": "older than Kubernetes' version skew policy supports",
    "too new": "newer than the API server, which Kubernetes does not support; --control-plane pins its own",
}


@click.group("versions", invoke_without_command=True, short_help="Kubernetes versions to choose from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def versions(ctx: click.Context, *, as_json: bool) -> None:
    """Show the Kubernetes versions that are pinned in toolchain/.

    Each has a kube-proxy, which runs under the newest control plane that is pinned, if it does not bring its own.
    Kubernetes supports a kube-proxy up to three minor versions older than the API server; one beyond that skew policy
    runs as well. A mode behind a gate is to be had: its feature gate is set for it.

    \b
    Examples:
      gauntlet versions
      gauntlet versions add 1.36.4
      gauntlet cluster up --version 1.36
    """
    if ctx.invoked_subcommand is not None:
        return
    from gauntlet.build.toolchain import toolchain_root
    from gauntlet.build.versions import pinned
    from gauntlet.ground import screen

    shown = pinned(toolchain_root())
    if as_json:
        click.echo(json.dumps({"versions": [_record(version) for version in shown]}, indent=2))
        return
    console = screen.console()
    console.print(screen.fitted(console, table(shown)))
    console.print(_legend(shown))


@versions.command(short_help="Pin one more version.")
@click.argument("version")
@click.option(
    "--replace", "replacing", is_flag=True, help="In place of the patch that is pinned for this minor version."
)
@click.option(
    "--control-plane", is_flag=True, help="Pin its control plane as well: that of all versions if it is the newest."
)
def add(version: str, *, replacing: bool, control_plane: bool) -> None:
    """Pin one more Kubernetes version: VERSION is a release like 1.36.4, or 1.36 for its newest patch.

    Writes toolchain/1.36 from the release's own go.mod, with the checksums of all that it is built from; takes about
    half a minute, and needs a source of Go modules (`go env GOPROXY`). If that fails, nothing of it stays. Commit the
    folder to keep the version.
    """
    from gauntlet.build import addition
    from gauntlet.build.toolchain import toolchain_root
    from gauntlet.build.versions import of
    from gauntlet.ground.errors import UsageError

    if replacing and control_plane:
        raise UsageError("--replace keeps the programs that are pinned", "leave --control-plane out")
    root, begun = toolchain_root(), time.monotonic()
    if replacing:
        done = addition.replace(version, root, click.echo)
    else:
        packages = addition.CONTROL_PLANE if control_plane else addition.PROXY_ALONE
        done = addition.add(version, root, click.echo, packages)
    click.echo(_conclusion(done, of(done.minor, root), time.monotonic() - begun))


def table(pinned: tuple[PinnedVersion, ...]) -> Table:
    """One row for each version, in 80 columns."""
    from rich.table import Table

    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("minor", "release", "ready", "modes", "skew policy"):
        shown.add_column(heading, no_wrap=heading != "modes")
    for version in pinned:
        own = version.control_plane == version.release
        shown.add_row(
            version.minor, version.release, "yes" if version.cached else "no", ", ".join(_modes(version)),
            "control plane" if own else str(version.skew),
        )  # fmt: skip
    return shown


def _modes(version: PinnedVersion) -> list[str]:
    from gauntlet.proxy.eras import offers

    return [f"{offer.mode} (behind a gate)" if offer.gate else str(offer.mode) for offer in offers(version.release)]


def _record(version: PinnedVersion) -> dict[str, object]:
    from gauntlet.proxy.eras import offers

    return {
        "minor": version.minor,
        "release": version.release,
        "cached": version.cached,
        "control_plane": version.control_plane,
        "skew_policy": str(version.skew),
        "modes": [
            {"mode": str(offer.mode), "stage": str(offer.stage), "feature_gate": offer.gate or None}
            for offer in offers(version.release)
        ],
    }


def _legend(pinned: tuple[PinnedVersion, ...]) -> str:
    from gauntlet.build.versions import SUPPORTED_SKEW, Skew

    outside = [version.minor for version in pinned if version.skew is not Skew.WITHIN]
    policy = f"Kubernetes supports a kube-proxy up to {SUPPORTED_SKEW} minor versions older than the API server"
    runs = f"; {', '.join(outside)}: not supported, but run as well" if outside else ""
    return f"\n{policy}{runs}."


def _conclusion(done: Addition, version: PinnedVersion, seconds: float) -> str:
    if not done.folders:
        return f"Kubernetes {done.release} is pinned already, in toolchain/{done.minor}"
    folders = " and ".join(f"toolchain/{name}" for name in done.folders)
    instead = f", in place of {done.before}" if done.before else ""
    plane = (
        ""
        if version.control_plane == version.release
        else (
            f"kube-proxy {version.release} runs under the control plane of {version.control_plane}: "
            f"{_SKEW[version.skew]}\n"
        )
    )
    return (
        f"Kubernetes {done.release} is pinned in {folders}{instead} ({seconds:.0f} s)\n{plane}"
        f"try it: gauntlet cluster up --version {done.minor}; keep it: git add {folders.replace(' and ', ' ')}"
    )
