"""The kube-proxy to come reads the configuration of this cluster: its own word on flags, fields, gates and mode.

It is asked to write the configuration that it understood to a file, which it does instead of starting; in namespaces of
its own, so that it could not touch this machine's network if it did start.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from gauntlet.build import binaries
from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.moves import Move
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.proxy.configuration import KIND

CHECK = "its own word"
_ALONE = ("unshare", "--user", "--map-root-user", "--net")
_TIMEOUT_S = 20.0
_FAILED = re.compile(r'"command failed" err="(?P<words>(?:[^"\\]|\\.)*)"')
_ERROR = re.compile(r"^Error: (?P<words>.*)$", re.MULTILINE)
_LENIENT = re.compile(r'strict decoding failed" err="(?P<words>(?:[^"\\]|\\.)*)"')
# What they say concerns files and this moment, not what the configuration means.
_LEFT_OUT = ("config", "write-config-to", "cleanup", "init-only", "hostname-override", "kubeconfig", "master")

Finder = Callable[[Goal], Path | None]


@dataclass(frozen=True)
class Reading:
    """What the program said: `refused` is why it would end at its start, `ignored` what it passes over."""

    refused: str = ""
    ignored: str = ""


def program(goal: Goal) -> Path | None:
    """The kube-proxy of the goal, if it is here: one's own, or one in the cache. Nothing is built for this."""
    if goal.subject is not None and goal.subject.program is not None:
        return goal.subject.program
    try:
        found = binaries.find(goal.version)
    except (UsageError, EnvironmentUnfit):
        return None
    return None if found is None else found.path("kube-proxy")


def no_program(_goal: Goal) -> Path | None:
    """What is judged where no program is to be asked."""
    return None


def judge(kube_proxy: Path, moves: Sequence[Move]) -> Iterator[Diagnosis]:
    """Each configuration is read once, however many nodes have it."""
    readings: dict[str, Reading | None] = {}
    for move in moves:
        if move.configured is None:
            continue
        arguments, text = _asked(move)
        key = "\x1f".join([*arguments, text])
        if key not in readings:
            readings[key] = _read(kube_proxy, arguments, text)
        yield from _diagnoses(move, readings[key])


def heard(code: int, said: str) -> Reading:
    """What the program's exit code and log mean."""
    ignored = _LENIENT.search(said)
    found = _FAILED.search(said) or _ERROR.search(said)
    refused = "" if code == 0 else _plain(found["words"]) if found else f"it ended with {code}"
    return Reading(refused, _plain(ignored["words"]) if ignored else "")


def _diagnoses(move: Move, reading: Reading | None) -> Iterator[Diagnosis]:
    version = move.will.version
    source = f"kube-proxy {version} itself, --write-config-to"
    if reading is None:
        what = f"kube-proxy {version} is here, and could not be asked: no namespace can be made for it on this machine"
        yield Diagnosis(CHECK, Level.UNKNOWN, move.node, what, "gauntlet doctor tells why", source)
        return
    if reading.refused:
        remedy = "change that in the ConfigMap kube-system/kube-proxy, or in the file or flags of the node"
        what = f"kube-proxy {version} ends at its start with this configuration: {reading.refused}"
        yield Diagnosis(CHECK, Level.PROBLEM, move.node, what, remedy, source)
    if reading.ignored:
        what = f"kube-proxy {version} passes over a part of this configuration: {reading.ignored}"
        yield Diagnosis(CHECK, Level.WARNING, move.node, what, "take it out of the configuration", source)
    if not reading.refused and not reading.ignored:
        yield Diagnosis(CHECK, Level.OK, move.node, f"kube-proxy {version} takes this configuration", source=source)


def _asked(move: Move) -> tuple[tuple[str, ...], str]:
    """The flags of the process without those of files and places, and the text of its configuration to come, if any."""
    flags = {name: value for name, value in move.flags.items() if name not in _LEFT_OUT}
    text = ""
    if move.flags and "config" not in move.flags:
        flags["proxy-mode"] = str(move.will.mode or move.will.said)
        if move.will.gates:
            flags["feature-gates"] = ",".join(f"{gate}={json.dumps(on)}" for gate, on in move.will.gates.items())
    else:
        version, kind = KIND
        text = yaml.safe_dump({"apiVersion": version, "kind": kind, **move.will.fields})
    return tuple(f"--{name}={value}" if value else f"--{name}" for name, value in flags.items()), text


def _read(kube_proxy: Path, arguments: Sequence[str], text: str) -> Reading | None:
    """None if no namespaces can be had for it."""
    with tempfile.TemporaryDirectory(prefix="gauntlet-lookahead-") as folder:
        file = Path(folder, "config.yaml")
        file.write_text(text, encoding="utf-8")
        ask = [str(kube_proxy), *arguments, *([f"--config={file}"] if text else []), f"--write-config-to={folder}/out"]
        try:
            alone = subprocess.run([*_ALONE, "true"], capture_output=True, timeout=_TIMEOUT_S, check=False)
            if alone.returncode != 0:
                return None
            done = subprocess.run(
                [*_ALONE, *ask], capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
            )
        except FileNotFoundError:
            return None
        except subprocess.TimeoutExpired:
            return Reading(refused=f"it had not ended {_TIMEOUT_S:g} s after it was asked to write its configuration")
        written = Path(folder, "out").is_file()
    found = heard(done.returncode, done.stderr + done.stdout)
    return found if written or found.refused else Reading(refused="it wrote no configuration, though it was asked to")


def _plain(words: str) -> str:
    return words.replace('\\"', '"').replace("\\n", " ").strip()
