#!/usr/bin/env -S python3 -S -E
"""Stands before a tool of kube-proxy, by a link in the folder of a saboteur, and does what that saboteur does.

Only what is written is touched: the transactions of nft (`nft -f -`, and not `nft --check`, by which kube-proxy asks
what the node's nft can do) and the input of iptables-restore. It is started at each sync of each node, so all it
imports must load quickly: no dataclasses, no typing.
"""

# pathlib loads slowly.
# ruff: noqa: PTH100, PTH119, PTH120, S606

from __future__ import annotations

import importlib
import os
import sys


def main() -> int:
    here = os.path.dirname(os.path.abspath(sys.argv[0]))
    tool, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
    os.environ["PATH"] = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if each != here)
    if tool == "nft" and ("--check" in arguments or "-f - " not in f"{' '.join(arguments)} "):
        os.execvp(tool, [tool, *arguments])
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(sys.argv[0])))))
    from tests.saboteurs.call import Call

    kind, _, bug = os.path.basename(here).partition("-")
    acts = importlib.import_module(f"tests.saboteurs.transforms.{kind}").SABOTEURS
    result: int = acts[bug](Call(tool, arguments, sys.stdin.read()))
    return result


if __name__ == "__main__":
    sys.exit(main())
