"""Which kube-proxies may run in one cluster."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.errors import UsageError
from gauntlet.subject import Subject

# kubernetes.io/releases/version-skew-policy, "kube-proxy": up to three minor versions older than kube-apiserver.
MOST_MINORS = 3


def require_supported(subjects: Sequence[Subject]) -> None:
    """Raises UsageError if the versions are too far apart: the control plane is the newest of them."""
    ordered = sorted(subjects, key=lambda each: each.minor)
    oldest, newest = ordered[0], ordered[-1]
    apart = newest.minor[1] - oldest.minor[1]
    if apart > MOST_MINORS:
        raise UsageError(
            f"kube-proxy {_minor(oldest)} ({oldest.name}) and {_minor(newest)} ({newest.name}) are {apart} minor "
            f"versions apart, and one may be at most {MOST_MINORS} older than the API server (Kubernetes' version skew "
            "policy)",
            f"go there in steps of at most {MOST_MINORS}; gauntlet versions has what there is",
        )


def _minor(subject: Subject) -> str:
    return ".".join(map(str, subject.minor))
