"""Services that nobody serves."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level, some

CHECK = "endpoints"
_SHOWN = 5


def judge(served: Services) -> Iterator[Diagnosis]:
    """A Service whose pods are all unready is a problem; one that selects none at all may be meant so."""
    slices: dict[str, list[tuple[bool, bool]]] = {}
    for each in served.slices:
        states = [(one.conditions.ready, one.conditions.terminating) for one in each.endpoints]
        slices.setdefault(each.service, []).extend(states)
    unready: list[str] = []
    empty: list[str] = []
    counted = 0
    for service in served.services:
        if service.spec.type == "ExternalName":
            continue
        counted += 1
        name = service.metadata.full_name
        states = slices.get(name, [])
        if any(ready for ready, _ in states):
            continue
        (unready if any(not terminating for _, terminating in states) else empty).append(name)
    if unready:
        what = f"{len(unready)} Services have endpoints, but none is ready: {some(sorted(unready), _SHOWN)}"
        remedy = "kubectl describe their pods: readiness probes fail there; until then clients are refused"
        yield Diagnosis(CHECK, Level.PROBLEM, CLUSTER, what, remedy)
    if empty:
        what = f"{len(empty)} Services have no endpoint at all: {some(sorted(empty), _SHOWN)}"
        remedy = "compare selectors with pods' labels (kubectl get endpointslices); delete Services that nobody needs"
        yield Diagnosis(CHECK, Level.WARNING, CLUSTER, what, remedy)
    if not unready and not empty:
        yield Diagnosis(CHECK, Level.OK, CLUSTER, f"all {counted} Services have a ready endpoint")
