"""Tools of the node that a saboteur runs beside the call of kube-proxy. All raise CalledProcessError if one fails."""

from __future__ import annotations

import subprocess


def output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def feed(text: str, *argv: str) -> None:
    """Run a tool with this as its standard input."""
    subprocess.run(argv, input=text, text=True, check=True)


def nft(commands: str) -> None:
    feed(commands, "nft", "-f", "-")
