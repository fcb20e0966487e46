"""`gauntlet binaries`: the Kubernetes programs of a version, found or built."""

from __future__ import annotations

import click


@click.command(short_help="Build the Kubernetes binaries, or find them.")
@click.option("--version", default="1.37", show_default=True, help="Kubernetes minor version: a folder of toolchain/.")
@click.option("--quiet", is_flag=True, help="Say nothing if everything is built already.")
def binaries(version: str, *, quiet: bool) -> None:
    """Build the Kubernetes binaries into the cache, or show where they are.

    They are built from the Go modules in toolchain/, verified by go.sum: some minutes the first time, nothing
    after that. The cache is $XDG_CACHE_HOME/kube-proxy-gauntlet (~/.cache/kube-proxy-gauntlet); deleting it is safe.
    Where Debian's User-Mode Linux is installed and old, its next release's is put there too.
    """
    from gauntlet.build.binaries import ensure, find
    from gauntlet.build.toolchain import pinned_minor, toolchain_root
    from gauntlet.providers.sandbox import uml, uml_package

    version = pinned_minor(version, toolchain_root())
    was_built = find(version) is not None
    built = ensure(version, say=click.echo)
    if uml.is_installed():
        uml_package.ensure(click.echo)
    if quiet and was_built:
        return
    for name in sorted(built.programs):
        click.echo(f"{name:<26}{built.path(name)}")
