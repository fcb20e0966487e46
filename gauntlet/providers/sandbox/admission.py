"""Has the API server warn whoever creates a workload that nothing in the sandbox would make Pods of."""

from __future__ import annotations

from gauntlet.ground.cluster import Json
from gauntlet.kube.api import Api, Manifest

NAME = "sandbox.gauntlet.dev"
MESSAGE = (
    "a sandbox has no controller for this kind, so no Pod will be made; it has those of Deployments and ReplicaSets "
    "(a kind cluster has all: gauntlet cluster up --provider kind)"
)
_GROUP = "admissionregistration.k8s.io"
_POLICIES = f"/apis/{_GROUP}/v1/validatingadmissionpolicies"
_BINDINGS = f"/apis/{_GROUP}/v1/validatingadmissionpolicybindings"


def warn_of_missing_controllers(api: Api) -> None:
    """Create the policy ("Validating Admission Policy" of the Kubernetes docs). It warns, and refuses nothing."""
    rules: list[Json] = [
        _created("apps", "daemonsets", "statefulsets"),
        _created("batch", "cronjobs", "jobs"),
    ]
    policy: Manifest = {
        "metadata": {"name": NAME},
        "spec": {
            "failurePolicy": "Ignore",
            "matchConstraints": {"resourceRules": rules},
            "validations": [{"expression": "false", "message": MESSAGE}],
        },
    }
    binding: Manifest = {"metadata": {"name": NAME}, "spec": {"policyName": NAME, "validationActions": ["Warn"]}}
    api.post(_POLICIES, policy)
    api.post(_BINDINGS, binding)


def _created(group: str, *resources: str) -> Json:
    return {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": list(resources)}
