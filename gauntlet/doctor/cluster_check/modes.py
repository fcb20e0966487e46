"""In which mode is kube-proxy, by all that tells it, and does all of that agree?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level
from gauntlet.doctor.cluster_check.versions import version
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.configuration import Configuration
from gauntlet.proxy.eras import default_mode, is_deprecated
from gauntlet.proxy.log import mode_in
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding

CHECK = "mode"
LEFT_OVER = "left-over rules"


def sources(facts: ClusterFacts, node: NodeFacts) -> dict[str, str]:
    """What each source says, by its name; sources that say nothing are left out."""
    runs = version(facts, node) or facts.version
    found = {configuration.source: _of(configuration, runs) for configuration in _configurations(facts, node)}
    found["the log"] = node.logged_mode or mode_in(facts.logged.get(node.name, ""))
    found["/proxyMode"] = node.mode
    found["the rules"] = " and ".join(str(each.mode) for each in present(node.rules))
    return {source: mode for source, mode in found.items() if mode}


def present(rules: Sequence[Forwarding]) -> tuple[Forwarding, ...]:
    """The modes that have rules for Services here. ipvs and userspace mode leave chains of iptables mode, without."""
    return tuple(each for each in rules if each.routes)


def effective(facts: ClusterFacts, node: NodeFacts) -> ProxyMode | None:
    """The mode of the kube-proxy that runs here.

    By its own word, else by the last start in its log, else by what it was given, else by its rules. The ConfigMap
    comes last: it may have changed since.
    """
    said = sources(facts, node)
    given = "" if node.configuration is None else node.configuration.source
    meant = "" if facts.configuration is None else facts.configuration.source
    order = ("/proxyMode", "the log", *([given] if given != meant else []), "the rules", meant)
    for source in order:
        if said.get(source) in set(ProxyMode):
            return ProxyMode(said[source])
    return None


def judge_cluster(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Iterator[Diagnosis]:
    """What the ConfigMap says, and whether the nodes are all in the same mode."""
    configured = facts.configuration
    if configured is not None and configured.trouble:
        remedy = "kubectl -n kube-system edit configmap kube-proxy; the next restart of each kube-proxy will fail"
        yield Diagnosis(CHECK, Level.PROBLEM, CLUSTER, f"{configured.source} {configured.trouble}", remedy)
    elif configured is not None:
        yield Diagnosis(CHECK, Level.OK, CLUSTER, f"{configured.source}: {_words(configured, facts.version)}")
    modes = {node.name: mode for node in nodes if (mode := effective(facts, node)) is not None}
    if len(set(modes.values())) > 1:
        said = "; ".join(
            f"{mode}: {', '.join(name for name in modes if modes[name] is mode)}"
            for mode in sorted(set(modes.values()))
        )
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            CLUSTER,
            f"nodes are in different modes ({said})",
            "finish the switch: restart kube-proxy where the old mode still runs, after looking why it does",
        )


def judge_node(facts: ClusterFacts, node: NodeFacts) -> Iterator[Diagnosis]:
    """Whether all sources agree, whether the mode has a future, and what other modes have left behind."""
    said = sources(facts, node)
    mode = effective(facts, node)
    if mode is None:
        if not node.unseen:
            remedy = "look at kube-proxy's log and configuration on the node"
            yield Diagnosis(CHECK, Level.UNKNOWN, node.name, "nothing tells the mode of kube-proxy", remedy)
        return
    wrong = {source: each for source, each in said.items() if str(mode) not in each.split(" and ")}
    if wrong:
        yield _disagreement(node, mode, said, wrong)
    else:
        yield Diagnosis(CHECK, Level.OK, node.name, f"{mode}, say {', '.join(said)}")
    yield from _left_over(node, mode)
    runs = version(facts, node)
    farewell = traits(mode).farewell
    if farewell and runs and is_deprecated(mode, runs):
        yield Diagnosis(
            CHECK,
            Level.WARNING,
            node.name,
            f"{mode} mode is deprecated: {farewell}",
            f"plan the switch to nftables; `gauntlet run --modes {mode},nftables` shows how the two differ",
        )


def _disagreement(node: NodeFacts, mode: ProxyMode, said: Mapping[str, str], wrong: Mapping[str, str]) -> Diagnosis:
    agreeing = ", ".join(source for source in said if source not in wrong)
    others = ", ".join(
        f"{source} {'says' if source != 'the rules' else 'are'} {each}" for source, each in wrong.items()
    )
    remedy = "restart kube-proxy there, and see whether it then does what it is told"
    if any(source.startswith("ConfigMap") for source in wrong):
        remedy = (
            "decide which is meant: kubectl -n kube-system rollout restart daemonset kube-proxy applies the ConfigMap"
        )
    elif "the rules" in wrong:
        remedy = "rules of the running mode are missing: restart kube-proxy there, read its log"
    return Diagnosis(CHECK, Level.PROBLEM, node.name, f"{mode} by {agreeing}, but {others}", remedy)


def _left_over(node: NodeFacts, mode: ProxyMode) -> Iterator[Diagnosis]:
    for each in present((*node.rules, *(node.ipv6_rules or ()))):
        if each.mode is not mode:
            yield Diagnosis(
                LEFT_OVER,
                Level.WARNING,
                node.name,
                f"{len(each.routes)} {each.family} routes of {each.mode} mode are here beside those of {mode} mode; "
                "nobody keeps them up to date",
                "drain the node, run `kube-proxy --cleanup` there, start kube-proxy again",
            )


def _configurations(facts: ClusterFacts, node: NodeFacts) -> tuple[Configuration, ...]:
    """The ConfigMap, then what the process was given, where these differ."""
    every = (facts.configuration, node.configuration)
    return tuple(dict.fromkeys(each for each in every if each is not None and not each.trouble))


def _of(configuration: Configuration, runs: str) -> str:
    return configuration.mode or str(default_mode(runs))


def _words(configuration: Configuration, runs: str) -> str:
    if configuration.mode:
        return f"mode {configuration.mode}"
    return f"mode is not set, so {default_mode(runs)} (on Linux, before 1.40; then nftables)"
