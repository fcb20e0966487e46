"""Outlooks on recorded clusters, and what is told in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts, Services
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.doctor.lookahead.equipment import Equipment
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.looking import judged
from gauntlet.doctor.lookahead.outlook import Outlook
from gauntlet.ground.cluster import Json
from gauntlet.kube.objects import NodeObject, ServiceObject
from gauntlet.proxy.configuration import Configuration, parse
from gauntlet.proxy.metrics import ProxyMetrics
from tests.unit.cluster_check.facts import NODES, cluster, node

HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
NEW = Equipment("6.18.0", "1.0.6")


def configured(*lines: str) -> Configuration:
    """A file that holds these lines of YAML."""
    return parse(HEAD + "\n".join(lines), "/etc/kube-proxy.yaml")


def metrics(version: str, at_localhost: float | None = 0.0, invalid: float | None = 0.0) -> ProxyMetrics:
    return ProxyMetrics(3, 0.5, 2, 0.1, version, at_localhost=at_localhost, invalid=invalid)


def proxy(
    *lines: str, version: str = "1.36.3", mode: str = "iptables", counted: ProxyMetrics | None = None, **changed: object
) -> NodeFacts:
    """node-1, whose kube-proxy was given these lines, and says that it is in this mode and of this version."""
    given = {"configuration": configured(*lines), "mode": mode, "logged_mode": mode, "rules": ()}
    return node("node-1", **{**given, "metrics": counted or metrics(version), **changed})


def nodes(**status: Json) -> tuple[NodeObject, ...]:
    """Two of them, with this in their status and a primary address each."""
    return tuple(
        NodeObject.model_validate(
            {
                "metadata": {"name": name},
                "spec": {"podCIDR": f"10.244.{number}.0/24"},
                "status": {"addresses": [{"type": "InternalIP", "address": f"10.77.0.1{number}"}], **status},
            }
        )
        for number, name in enumerate(NODES, 1)
    )


def service(name: str = "shop", port: str = "http", /, **spec: Json) -> ServiceObject:
    return ServiceObject.model_validate(
        {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"clusterIP": "10.96.0.20", "ports": [{"name": port, "port": 80}], **spec},
        }
    )


def facts(*services: ServiceObject, version: str = "1.37.2", **changed: object) -> ClusterFacts:
    """A cluster under this API server with these Services alone."""
    return cluster(**{"version": version, "nodes": nodes(), "served": Services(services, ()), **changed})


def outlook(
    to: str | None,
    *seen: NodeFacts,
    on: ClusterFacts | None = None,
    has: Equipment = NEW,
) -> Outlook:
    found: Sequence[NodeFacts] = seen or (proxy("mode: iptables"),)
    equipped: Mapping[str, Equipment] = {each.name: has for each in found}
    return judged(on or facts(), found, equipped, None if to is None else Goal.parse(to))


def standing(found: Outlook) -> list[Diagnosis]:
    """What stands in the way or cannot be told."""
    return [each for each in found.diagnoses if each.level in (Level.PROBLEM, Level.UNKNOWN)]


def told(found: Outlook, level: Level, check: str, words: str) -> Diagnosis:
    """The diagnosis of this level and check with these words. Fails if there is none."""
    matching = [each for each in found.diagnoses if (each.level, each.check) == (level, check) and words in each.what]
    assert matching, f"no {level} of {check!r} with {words!r} in {found.diagnoses}"
    return matching[0]


def silent(found: Outlook, check: str) -> None:
    """Fails if a check has more to tell than that all is well."""
    assert [each for each in found.diagnoses if each.check == check and each.level is not Level.OK] == []
