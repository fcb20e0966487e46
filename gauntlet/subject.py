"""The word Subject: what is tested. A data plane's program in one mode, at one version, with one configuration.

Written `nftables`, `nftables@1.36`, `nftables@./bin/kube-proxy`, `nftables@1.37+SomeGate+Other=false+./fields.yaml`,
`iptables+tools=legacy`, or any of these behind a name of one's own: `next=nftables@1.37+SomeGate`.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.fields import merged
from gauntlet.ground.version import Minor, minor_of
from gauntlet.proxy.configuration import fields_of
from gauntlet.proxy.eras import last_with, offer
from gauntlet.proxy.modes import traits
from gauntlet.proxy.tools import Tools, names_tools, tools_of

DATA_PLANE = "kube-proxy"
_EXAMPLES = "write it like nftables, nftables@1.36, nftables@./path/to/kube-proxy or next=nftables@1.37+FeatureGate"
_NAMED = re.compile(r"(?P<name>[^@+/=]*)=(?P<rest>.*)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@+_-]{0,62}")
NAMES = "up to 63 letters, digits and . @ + _ -"
_GATE = re.compile(r"(?P<gate>[A-Z][A-Za-z0-9]*)(?:=(?P<value>true|false))?")
_SAID = re.compile(r"Kubernetes v(?P<version>\d+\.\d+\.\d+\S*)")
_SAYS_S = 10.0
# They stand between subjects and between the parts of one.
_SEPARATORS = frozenset(",+")


@dataclass(frozen=True)
class Subject:
    """What is tested. Two subjects of a run differ in their names.

    `name` is what cases, reports and promises call it. `version` is the minor version of kube-proxy ("1.37"), or the
    full one if that was asked for ("1.37.2"); of an own `program` it is what that says of itself. `gates` are the
    feature gates that were asked for, `fields` the JSON of what is merged over the gauntlet's KubeProxyConfiguration.
    `written` is how a command line names it, from whichever folder: its paths are absolute. `tools` are the iptables
    that it finds on its node; None for those that the node has anyway.
    """

    name: str
    mode: ProxyMode
    version: str
    written: str
    program: Path | None = None
    gates: tuple[tuple[str, bool], ...] = ()
    fields: str = "{}"
    data_plane: str = DATA_PLANE
    tools: Tools | None = None

    @property
    def minor(self) -> Minor:
        return minor_of(self.version)

    @property
    def says_version(self) -> bool:
        """Whether a command line that names it names its version."""
        core = _unnamed(self.written).partition("+")[0]
        return "@" in core and not _is_file(core)

    def may_be(self, version: str) -> bool:
        """Whether a kube-proxy of this full version is of it: of any, if it does not say its version."""
        return not self.says_version or version == self.version or version.startswith(f"{self.version}.")

    @property
    def slug(self) -> str:
        """The name as a part of other names (clusters, files): lower case letters, digits and hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def feature_gates(self) -> Mapping[str, bool]:
        """All feature gates of its kube-proxy that are set: the one that the mode takes, and those asked for."""
        needed = offer(self.mode, self.version).gate
        return {**({needed: True} if needed else {}), **dict(self.gates)}

    @property
    def gates_on(self) -> frozenset[str]:
        """The feature gates that its configuration switches on, but for those that do nothing as it is."""
        present = self.configuration
        idle = {
            row.gate
            for row in traits(self.mode).has
            for field, entries in row.lists
            if not set(entries) <= set(_entries(present.get(field)))
        }
        return frozenset(_switched_on(present)) - idle

    @property
    def configuration(self) -> Mapping[str, Json]:
        """What is merged over the KubeProxyConfiguration that every subject gets; empty if nothing differs.

        A gate that does nothing unless a field lists something brings that, if the subject does not set the field.
        """
        fields: dict[str, Json] = json.loads(self.fields)
        gates = self.feature_gates
        if gates:
            present = fields.get("featureGates")
            fields["featureGates"] = {**(present if isinstance(present, Mapping) else {}), **gates}
        on = _switched_on(fields)
        brought = {
            field: list(entries) for row in traits(self.mode).has if row.gate in on for field, entries in row.lists
        }
        return {**brought, **fields}

    def as_json(self) -> str:
        """All of it, for a file that `of_json` reads."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """What `as_json` wrote."""
        raw = json.loads(text)
        return cls(
            **raw
            | {
                "mode": ProxyMode(raw["mode"]),
                "program": Path(raw["program"]) if raw["program"] else None,
                "gates": tuple((gate, value) for gate, value in raw["gates"]),
                "tools": Tools(raw["tools"]) if raw.get("tools") else None,
            }
        )

    def __str__(self) -> str:
        return self.name


def _switched_on(configuration: Mapping[str, Json]) -> set[str]:
    gates = configuration.get("featureGates")
    return {name for name, is_on in gates.items() if is_on} if isinstance(gates, Mapping) else set()


def _entries(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else ()


def plain(mode: ProxyMode, version: str = DEFAULT_VERSION) -> Subject:
    """The subject of a mode at a version and nothing else; at the last version that has the mode if it is gone by then.

    Raises UsageError for a version that does not have it yet.
    """
    version = last_with(mode, version)
    offer(mode, version)
    return present(mode, version)


def present(mode: ProxyMode, version: str) -> Subject:
    """The subject of a mode at a version, under the name of its mode: that of a cluster that was found so, for one."""
    return Subject(str(mode), mode, version, str(mode))


def chosen_by(written: str) -> str:
    """The option of pytest that chooses the subject of a run; a mode alone leaves its version to --kp-version."""
    return f"--kp-modes={written}" if written in list(ProxyMode) else f"--kp-subjects={written}"


def parse_all(text: str, default_version: str) -> tuple[Subject, ...]:
    """The subjects of a comma-separated list; `default_version` is that of those that do not say one.

    Raises UsageError for one that cannot be, and for names that could be taken for one another: the same but for case
    and punctuation (clusters are called after them), or one at the end of another, after a hyphen (cases are).
    """
    subjects = tuple(parse(part.strip(), default_version) for part in text.split(","))
    for one, other in itertools.permutations(subjects, 2):
        if one.slug != other.slug and not one.name.endswith(f"-{other.name}"):
            continue
        what = "the same name" if one.name == other.name else "names that could be taken for one another"
        names = one.name if one.name == other.name else f"{one.name} and {other.name}"
        raise UsageError(
            f"{one.written} and {other.written} have {what}, {names}",
            f"leave one out, or name each: a={_unnamed(one.written)},b={_unnamed(other.written)}",
        )
    return subjects


def parse(text: str, default_version: str) -> Subject:
    """One subject, as the module describes it. Raises UsageError, with what was wrong, if it cannot be one."""
    named = _NAMED.fullmatch(text)
    core, *extras = _unnamed(text).split("+")
    word, at, version = core.partition("@")
    fields: dict[str, Json] = {}
    if _is_file(core):
        # The file alone: its own mode, or that of kube-proxy if it says none.
        fields = fields_of(Path(core), None)
        word, at, version = str(fields.get("mode") or ProxyMode.IPTABLES), "", ""
    mode = _mode(word, text)
    gates: dict[str, bool] = {}
    tools: Tools | None = None
    for extra in extras:
        if _is_file(extra):
            fields = merged(fields, fields_of(Path(extra), mode))
            continue
        if names_tools(extra):
            tools = tools_of(extra, mode, tools, text)
            continue
        gate, value = _gate(extra, text)
        if gates.setdefault(gate, value) is not value:
            raise UsageError(f"{text!r} sets {gate} to true and to false", "leave one out")
    fields.pop("mode", None)
    if at and not version:
        raise UsageError(f"{text!r} does not name a version after the @", _EXAMPLES)
    program = Path(version).absolute() if "/" in version else None
    # Its paths are absolute: it is read again in other folders.
    parts = [f"{word}@{program}" if program else core, *extras]
    parts = [_path(part) if _is_file(part) else part for part in parts]
    if program is not None:
        _path(str(program))
        version = version_of(Path(version))
    version = (version or last_with(mode, default_version)).removeprefix("v")
    offer(mode, version)
    known_as = [Path(core).stem if _is_file(core) else f"{word}@{version}" if at else word]
    known_as += [Path(extra).stem if _is_file(extra) else extra for extra in extras]
    return Subject(
        name=_name(named["name"] if named else "+".join(known_as).replace("=", "-"), text),
        mode=mode,
        version=version,
        written=text.removesuffix(_unnamed(text)) + "+".join(parts),
        program=program,
        gates=tuple(sorted(gates.items())),
        fields=json.dumps(fields, sort_keys=True),
        tools=tools,
    )


def version_of(program: Path) -> str:
    """What a kube-proxy says its version is, without the `v`. Raises UsageError if it is not one that runs here."""
    remedy = "give the path of a kube-proxy that is built for this machine"
    try:
        done = subprocess.run(
            [program.absolute(), "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SAYS_S,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError(f"there is no program {program}", remedy) from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{program} --version did not end within {_SAYS_S:g} s", remedy) from None
    except OSError as error:
        raise UsageError(f"{program} does not run here: {error.strerror}", remedy) from None
    match = _SAID.match(done.stdout)
    if done.returncode != 0 or match is None:
        words = (done.stdout + done.stderr).strip().partition("\n")[0][:80] or "nothing"
        raise UsageError(f"{program} --version does not say a version of Kubernetes but: {words}", remedy)
    return match["version"]


def _path(path: str) -> str:
    """The same, absolute. Raises UsageError if a list of subjects cannot have it."""
    whole = str(Path(path).absolute())
    if _SEPARATORS.intersection(whole):
        raise UsageError(f"{whole} has a + or a comma in it, which part subjects", "name a link to it: ln -s")
    return whole


def _unnamed(text: str) -> str:
    named = _NAMED.fullmatch(text)
    return named["rest"] if named else text


def is_name(text: str) -> bool:
    """Whether a subject could have this name."""
    return _NAME.fullmatch(text) is not None


def _name(name: str, text: str) -> str:
    if not is_name(name):
        raise UsageError(f"{name!r}, the name of {text!r}, is not a name of {NAMES}", _EXAMPLES)
    return name


def _mode(word: str, text: str) -> ProxyMode:
    if word not in list(ProxyMode):
        raise UsageError(f"there is no mode {word!r} in {text!r}", f"one of {', '.join(ProxyMode)}; {_EXAMPLES}")
    return ProxyMode(word)


def _gate(extra: str, text: str) -> tuple[str, bool]:
    match = _GATE.fullmatch(extra)
    if match is None:
        raise UsageError(
            f"{extra!r} in {text!r} is neither a feature gate nor a YAML file",
            "a gate is written +Gate or +Gate=false, a file with .yaml at its end; a path has no + and no comma in it",
        )
    return match["gate"], match["value"] != "false"


def _is_file(word: str) -> bool:
    return word.endswith((".yaml", ".yml"))
