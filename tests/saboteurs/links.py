"""The folders of the saboteurs: `python -m tests.saboteurs.links` makes them as the register says."""

from __future__ import annotations

import shutil

from gauntlet.ground.paths import project_root
from tests.saboteurs.register import all_saboteurs

HOME = project_root() / "tests" / "saboteurs"
TOOLS = ("nft", "iptables-restore", "ip6tables-restore")
PROGRAM = "../program.py"


def found() -> dict[str, dict[str, str]]:
    """The folders that there are: name -> tool -> what its link leads to."""
    folders = [path for path in HOME.iterdir() if "-" in path.name]
    return {path.name: {link.name: str(link.readlink()) for link in path.iterdir()} for path in folders}


def wanted() -> dict[str, dict[str, str]]:
    return {name: dict.fromkeys(TOOLS, PROGRAM) for name in all_saboteurs()}


def make() -> None:
    for name in found().keys() - wanted().keys():
        shutil.rmtree(HOME / name)
    for name in wanted().keys() - found().keys():
        (HOME / name).mkdir()
        for tool in TOOLS:
            (HOME / name / tool).symlink_to(PROGRAM)


if __name__ == "__main__":
    make()
