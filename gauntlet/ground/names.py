"""Names that a user gives. An empty one is an unset variable of a script: it must not come to mean "whichever"."""

from __future__ import annotations

from pathlib import PurePath

import click

from gauntlet.ground.errors import UsageError


def require_given(option: str, value: str) -> str:
    """The value, as it was given. Raises UsageError if it is blank."""
    if not value.strip():
        raise UsageError(f"{option} is empty", "is a variable of your script not set? Give a name, or leave it out")
    return value


def require_file_name(what: str, name: str) -> str:
    """The name, if a file could have it. Raises UsageError if it would lead to another folder, or nowhere."""
    if not name.strip() or name in {".", ".."} or PurePath(name).name != name:
        raise UsageError(f"{name!r} is not a name for {what}", "use small letters, digits and dashes")
    return name


class Name(click.ParamType[str]):
    """The value of an option or argument of the command line that must not be blank."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        if isinstance(param, click.Option):
            return require_given(max(param.opts, key=len), value)
        return require_given("the name" if param is None else param.human_readable_name, value)


NAME = Name()
