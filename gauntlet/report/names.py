"""What a case is called: its id for pytest, a title for people, an anchor for links, a command to run it again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from gauntlet.ground.environment import command_line
from gauntlet.subject import chosen_by

_FURTHER = "cluster-"
SPELT = {word.lower(): word for word in ("API", "DNS", "HTTP", "IP", "NAT", "NodePort", "TCP", "UDP")}


def title(case: str) -> str:
    """`suites/chaos/test_flush.py::test_nat_flush[udp]` -> `Nat flush (udp)`."""
    name = case.rpartition("::")[2]
    bare, _, parameters = name.partition("[")
    words = re.sub(r"^test_", "", bare).replace("_", " ").strip() or case
    words = " ".join(SPELT.get(word, word) for word in words.split())
    shown = f"{words} ({parameters.rstrip(']')})" if parameters else words
    return shown[:1].upper() + shown[1:]


def group(case: str) -> str:
    """`suites/conformance/test_node_port.py::test_x` -> `conformance / node port`; empty where there is no file.

    A case of a phase of an upgrade has the phase before it: `upgrade / faults-to / chaos / flush`.
    """
    path, found, _ = case.rpartition("::")
    if not found:
        return ""
    parts = [re.sub(r"^test_|\.py$", "", part).replace("_", " ") for part in re.split("::|/", path)]
    return " / ".join(part for part in parts if part != "suites")


def anchor(case: str) -> str:
    """A fragment identifier, unique by the case's whole id."""
    words = re.sub(r"[^a-z0-9]+", "-", title(case).lower()).strip("-")
    return f"{words[:60]}-{hashlib.sha256(case.encode()).hexdigest()[:6]}"


def further_cluster(number: int) -> str:
    """The parameter of a case that runs once on each cluster of its subject, on the second one and those after it."""
    return f"{_FURTHER}{number}"


def is_of_further_cluster(case: str) -> bool:
    """Whether the case, by its name, is one that runs on each cluster of its subject, and this was not the first."""
    return f"[{_FURTHER}" in case


def node_id(case: str, subject: str) -> str:
    """The id pytest knows the case by: the subject's name is the last of its parameters."""
    return f"{case[:-1]}-{subject}]" if case.endswith("]") else f"{case}[{subject}]"


def command(case: str, subject: str, written: str, options: Iterable[str], environment: Mapping[str, str]) -> str:
    """What runs this case again for this subject, and nothing else. `written` is how a command line names the subject.

    `options` and `environment` are those of its run, the subject aside.
    """
    chosen = [node_id(case, subject)] if "::" in case else ["suites", "-k", case]
    return command_line(["pytest", *chosen, chosen_by(written), *options], environment)


def without_namespaces(text: str) -> str:
    """Words about flows without the namespaces of a run, whose names say nothing: `upgrade/echo` is `echo`."""
    return re.sub(r"\bkp-[a-z0-9-]+-[0-9a-f]{6}/", "", text)
