"""userspace mode: rules lead every connection to a port of kube-proxy itself, which connects an endpoint."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.modes.iptables import chains_shown
from gauntlet.proxy.rules import iptables, userspace
from gauntlet.proxy.traits import Era, Residue, RulesReader, Stage, Traits, Trial

# kube-proxy 1.25 raises its limit to this number in this mode (pkg/proxy/userspace, rlimit.go).
_OPEN_FILES = 64000

TRAITS = Traits(
    mode=ProxyMode.USERSPACE,
    # kubernetes/kubernetes 112133: deprecated since 1.23, removed in 1.26.
    versions=(Era((1, 0), Stage.STABLE, until=(1, 22)), Era((1, 23), Stage.DEPRECATED, until=(1, 25))),
    rules=RulesReader(("iptables-save",), userspace.forwarding, iptables.size),
    residue=Residue(f"iptables -w 10 -t nat -S {userspace.PORTALS[0]} 1 >/dev/null 2>&1"),
    see=chains_shown,
    # cmd/kube-proxy/app/server_others.go of Kubernetes 1.25 registers the metrics of syncs for the other modes alone.
    counts_syncs=False,
    carries_connections=True,
    # A connection is accepted before an endpoint is looked for (ProxyLoop in proxysocket.go).
    refuses_without_endpoints=False,
    logged_endpoints=userspace.endpoints,
    trial=Trial(f"ulimit -n {_OPEN_FILES}"),
    # A process carries every connection.
    guest_rate_per_s=40.0,
)
