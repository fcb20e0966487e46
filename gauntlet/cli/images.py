"""`gauntlet images`: what kind clusters are made of, built on this machine."""

from __future__ import annotations

import click


@click.group()
def images() -> None:
    """Images for kind clusters, made on this machine."""


@images.command(short_help="Build what is not there yet.")
@click.option("--version", default="1.37", show_default=True, help="One of `gauntlet versions`.")
def build(version: str) -> None:
    """Build the agnhost, client and kind node images; what exists already stays as it is.

    For machines that reach no image registry. From Debian packages and the Go modules in toolchain/: some ten minutes
    the first time, a second after that. Needs a Docker daemon (DOCKER_HOST; ci/docker up starts one) and, for
    debootstrap, root.
    """
    from gauntlet.build.images.making import make
    from gauntlet.build.toolchain import pinned_minor, toolchain_root

    made = make(pinned_minor(version, toolchain_root()), say=click.echo)
    click.echo(f"agnhost  {made.agnhost}\nclient   {made.client}\nnode     {made.node} (Kubernetes {made.version})")
