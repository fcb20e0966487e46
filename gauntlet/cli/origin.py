"""`--from-source`, of each command that may need the Kubernetes binaries."""

from __future__ import annotations

import os

import click

from gauntlet.ground.surroundings import FROM_SOURCE


def _from_source(_ctx: click.Context, _option: click.Parameter, is_given: object) -> None:
    if is_given:
        # The processes of the run need to know it, too.
        os.environ[FROM_SOURCE] = "1"


from_source = click.option(
    "--from-source",
    is_flag=True,
    expose_value=False,
    callback=_from_source,
    help="Build the Kubernetes binaries; download no official release.",
)
