"""`--kubeconfig`, `--context`, `--allow-context`, `--client-image`: of each command that looks at a running cluster."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from gauntlet.ground.names import NAME

Command = TypeVar("Command", bound=Callable[..., object])

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
# Name, type, and help as it goes on after a colon.
_OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("--kubeconfig", _FILE, "the kubeconfig of the cluster.  [default: $KUBECONFIG, ~/.kube/config]"),
    ("--context", NAME, "a context of the kubeconfig.  [default: the current one]"),
    ("--allow-context", NAME, "act in a cluster without the marker; the context's exact name."),
    ("--client-image", NAME, "image of the pods that are made in somebody's cluster."),
)


def cluster_options(when: str = "") -> Callable[[Command], Command]:
    """Hands the four to a command as its parameter `cluster`, an ExistingOptions.

    `when` names what else has to be given for them to mean something.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_cluster(
            *args: object,
            kubeconfig: Path | None,
            context: str | None,
            allow_context: str | None,
            client_image: str | None,
            **others: object,
        ) -> object:
            # The command line has to be quick, and what it offers is imported with it.
            from gauntlet.providers.existing.options import ExistingOptions

            cluster = ExistingOptions(kubeconfig, context or "", allow_context or "", client_image=client_image or "")
            return command(*args, cluster=cluster, **others)

        for name, kind, text in reversed(_OPTIONS):
            with_cluster = click.option(name, type=kind, help=_sentence(when, text))(with_cluster)
        return with_cluster  # type: ignore[return-value]

    return decorate


def _sentence(when: str, text: str) -> str:
    return f"{when}: {text}" if when else text[0].upper() + text[1:]
