"""The words of `gauntlet run` that are meant for pytest: what they say about the run, and where they belong."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from gauntlet.ground.errors import UsageError


def names_a_cluster(arguments: Sequence[str]) -> bool:
    """Whether the run is to be in a cluster that is there already, of the subject of that."""
    return any(each == "--kubeconfig" or each.startswith("--kubeconfig=") for each in arguments)


def last_value(arguments: Sequence[str], option: str) -> str | None:
    """The value of an option among the words for pytest, the last one as pytest takes it; None if it is not there."""
    values = [
        each.partition("=")[2] if "=" in each else "".join(arguments[at + 1 : at + 2])
        for at, each in enumerate(arguments)
        if each.partition("=")[0] == option
    ]
    return values[-1] if values else None


def without(arguments: Sequence[str], option: str) -> tuple[str, ...]:
    """The words for pytest without an option and its values."""
    values = {at + 1 for at, each in enumerate(arguments) if each == option}
    return tuple(each for at, each in enumerate(arguments) if at not in values and each.partition("=")[0] != option)


class BeforePytest(click.Command):
    """A command that answers an option it does not know with where pytest's belong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            ours = f"did you mean {' or '.join(error.possibilities)}? " if error.possibilities else ""
            raise UsageError(
                f"{ctx.command_path} has no option {error.option_name}",
                f"{ours}options of pytest come last, after --: {_with_pytests_last(ctx, given, error.option_name)}",
            ) from None


def _with_pytests_last(ctx: click.Context, given: Sequence[str], unknown: str) -> str:
    """The command with an option that is not ours, and what is its value, behind `--`."""
    at = next((at for at, each in enumerate(given) if each.startswith(unknown)), 0)
    ours = {name for parameter in ctx.command.get_params(ctx) for name in parameter.opts}
    end = next((end for end in range(at + 1, len(given)) if given[end].partition("=")[0] in {*ours, "--"}), len(given))
    rest = [*given[:at], *given[end:]]
    split = rest.index("--") if "--" in rest else len(rest)
    words = [*rest[:split], "--", *given[at:end], *rest[split + 1 :]]
    return f"{ctx.command_path} {shlex.join(words)}"
