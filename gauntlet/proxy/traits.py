"""What sets a mode of kube-proxy apart: the form of the files in gauntlet/proxy/modes/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.ground.family import Family
from gauntlet.ground.version import Minor, Release
from gauntlet.proxy.features import Feature, Has
from gauntlet.semantics.behaviour import Behaviour, LocalPolicy, SourceRanges

if TYPE_CHECKING:
    # The readers of rules ask for traits themselves.
    from gauntlet.proxy.rules.forwarding import Forwarding, RuleSize


class Stage(StrEnum):
    """How far a mode has come, or gone, in one version. Kubernetes' words for a feature's stages."""

    ALPHA = "alpha"
    BETA = "beta"
    STABLE = "stable"
    DEPRECATED = "deprecated"


@dataclass(frozen=True)
class Era:
    """A mode's stage from one minor version to the next era's, or to `until`, both included."""

    since: Minor
    stage: Stage
    gate: str = ""
    until: Minor = (999, 999)


@dataclass(frozen=True)
class Need:
    """What a mode takes of a node: the kernel (`tool` is empty) or a program, in this release or a later one."""

    least: Release
    source: str
    tool: str = ""


@dataclass(frozen=True)
class NameLimit:
    """A defect: above so many bytes of `namespace/name:port` no sync works any more. `fixed` is without it."""

    bytes: int
    fixed: Release
    source: str


@dataclass(frozen=True)
class RulesReader:
    """How the rules of a mode are listed on a node, and read. If a command `may_fail`, it then finds no rules.

    There is a command for each IP family that the mode serves.
    """

    commands: Mapping[Family, tuple[str, ...]]
    forwarding: Callable[[str], Forwarding]
    size: Callable[[str], RuleSize]
    may_fail: bool = False


@dataclass(frozen=True)
class Residue:
    """What a mode leaves in a node's kernel: `condition` is shell that ends with 0 if something of it is there.

    If other modes make the same (`is_shared`), it says nothing about the mode while theirs is there too.
    """

    condition: str
    is_shared: bool = False


@dataclass(frozen=True)
class Trial:
    """Shell that tries, in a world of its own, whether a machine's kernel can serve a mode.

    `tools` are the programs that it calls, each with its Debian package.
    """

    script: str
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Modules:
    """Kernel modules of a mode: `load` is what to give to modprobe.

    `required` are those without which kube-proxy does not work, by the scheduler in its configuration ("": none is).
    """

    load: tuple[str, ...]
    required: Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Call:
    """How kube-proxy calls a program: by its name, with arguments of this pattern of a case in sh.

    They are matched with a blank before each of them, and one behind the last.
    """

    tool: str
    arguments: str = "*"


def _always(_node: Host, _node_port: int) -> bool:
    return True


@dataclass(frozen=True)
class Traits:
    """One mode.

    `versions` says which versions have it, `default_since` from which on it is the mode if none is configured (None:
    never), `history` where one can read of that, and `farewell` what is known of its end, if it is deprecated.

    Rules: `rules` reads them, `residue` finds what it left, `unhooked` says what it means that they are not in effect,
    and `see` lists the commands that show chains of a node, of one IP family. `writers` are the calls of programs by
    which kube-proxy writes them, if it goes by nothing else.

    kube-proxy: `counts_syncs` is whether it has metrics of its syncs. `carries_connections` is whether it accepts every
    connection itself, so that what hurts the process hurts the traffic. `synced` is a shell condition that holds once a
    sync is complete; it is empty unless a Service may answer, and /healthz be content, before that.
    `masquerades` is whether a node masquerades connections to a NodePort yet, if that comes later than its endpoints.

    Services: `logged_endpoints` reads which endpoints kube-proxy picks from, by Service port, out of its log; None if
    its rules show them. `keeps_virtual_servers` is whether its Services are virtual servers of IPVS. `local_policy`,
    `source_ranges`, `binds_addresses` and `refuses_itself` are what the model has to know
    (gauntlet/semantics/behaviour.py).

    Settings: `sections` are the parts of a KubeProxyConfiguration that it reads; it ignores those of other modes.
    `needs` is what a node has to have for it, `name_limit` the length of names that it once could not take.
    `primary_since` is from which version on it serves NodePorts at a node's primary addresses alone, unless
    nodePortAddresses says more (None: always at all). `localhost_switch` is the section and the field by which those at
    127.0.0.1 can be switched off. `one_family` is where one can read that it serves the primary IP family alone; empty
    if it serves both.

    Cases: `has` lists the features that a case may need; all others it lacks. `instead` says of such a one what the
    mode does in its place, if there is more to say than for any mode (gauntlet/promises/support.py).

    Nodes: `one_transaction` is whether it writes its rules as one transaction of nftables. `trial` tries a machine's
    kernel (None: any does), `modules` are those it takes (None: none of its own). `guests_lack` is what User-Mode Linux
    does not have for it, in words; empty if it runs there. One client makes at most `guest_rate_per_s` attempts a
    second there: asked as fast as clients can, such slow nodes would lose packets by themselves. At twice the rate of
    ipvs mode they lost none of 50,000 (2026-11-27).
    """

    mode: ProxyMode
    versions: tuple[Era, ...]
    rules: RulesReader
    residue: Residue
    see: Callable[[str, Sequence[str], Family], tuple[str, ...]]
    unhooked: str = "not every packet meets kube-proxy's rules: a jump to them is missing"
    default_since: Minor | None = None
    history: str = ""
    farewell: str = ""
    writers: tuple[Call, ...] = ()
    counts_syncs: bool = True
    carries_connections: bool = False
    synced: str = ""
    masquerades: Callable[[Host, int], bool] = _always
    keeps_virtual_servers: bool = False
    local_policy: LocalPolicy = LocalPolicy.SHORT_CIRCUIT
    source_ranges: SourceRanges = SourceRanges.FIRST
    binds_addresses: bool = False
    refuses_itself: bool = True
    logged_endpoints: Callable[[str], Mapping[str, frozenset[str]]] | None = None
    trial: Trial | None = None
    modules: Modules | None = None
    one_transaction: bool = False
    sections: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    name_limit: NameLimit | None = None
    primary_since: Minor | None = None
    localhost_switch: tuple[str, str] | None = None
    one_family: str = ""
    guests_lack: str = ""
    guest_rate_per_s: float = 100.0
    has: tuple[Has, ...] = ()
    instead: Mapping[Feature, str] = field(default_factory=dict)

    @property
    def shows_endpoints(self) -> bool:
        """Whether its rules show to which endpoints a Service leads."""
        return self.logged_endpoints is None

    @property
    def refuses_without_endpoints(self) -> bool:
        """Whether clients of a Service without endpoints are refused."""
        return self._has(Feature.REFUSAL)

    @property
    def drops_invalid(self) -> bool:
        """Whether it drops packets that conntrack takes for invalid, which could end a connection (74839)."""
        return self._has(Feature.INVALID_DROPPED)

    @property
    def answers_early(self) -> bool:
        """Whether a Service may answer, and be refused once more, before the sync that made it is over."""
        return bool(self.synced)

    @property
    def behaviour(self) -> Behaviour:
        """What the model has to know of the mode."""
        return Behaviour(
            local_policy=self.local_policy,
            source_ranges=self.source_ranges,
            refuses=self.refuses_without_endpoints,
            refuses_itself=self.refuses_itself,
            connects=self.carries_connections,
            binds_addresses=self.binds_addresses,
            reads_slices=self._has(Feature.ENDPOINT_SLICES),
        )

    def _has(self, feature: Feature) -> bool:
        """In some version, behind whatever gate."""
        return any(each.feature is feature for each in self.has)
