"""The words of `gauntlet run` that are meant for pytest: what they say about the run, and where they belong."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from gauntlet.errors import UsageError


def names_a_cluster(arguments: Sequence[str]) -> bool:
    """Whether the run is to be in a cluster that is there already, in the mode of that."""
    return any(each == "--kubeconfig" or each.startswith("--kubeconfig=") for each in arguments)


class BeforePytest(click.Command):
    """A command that answers an option it does not know with where pytest's belong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            at = next((at for at, each in enumerate(given) if each.startswith(error.option_name)), 0)
            ours = f"did you mean {' or '.join(error.possibilities)}? " if error.possibilities else ""
            meant = f"{ctx.command_path} {shlex.join([*given[:at], '--', *given[at:]])}"
            raise UsageError(
                f"{ctx.command_path} has no option {error.option_name}",
                f"{ours}options of pytest come after --: {meant}",
            ) from None
