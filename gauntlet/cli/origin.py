"""`--from-source`, of each command that may need the Kubernetes binaries."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from gauntlet.ground.environment import FROM_SOURCE


def obey(pytest_args: Sequence[str]) -> None:
    """Do as the option of pytest says that means the same."""
    if "--kp-from-source" in pytest_args:
        _build()


def _from_source(_ctx: click.Context, _option: click.Parameter, is_given: object) -> None:
    if is_given:
        _build()


def _build() -> None:
    # The processes of the run need to know it, too.
    os.environ[FROM_SOURCE] = "1"


from_source = click.option(
    "--from-source",
    is_flag=True,
    expose_value=False,
    callback=_from_source,
    help="Build the Kubernetes binaries; download no official release.",
)
