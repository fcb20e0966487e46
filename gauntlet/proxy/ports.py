"""Where kube-proxy serves its health and its metrics if its configuration says nothing else (v1alpha1/defaults.go)."""

from __future__ import annotations

HEALTHZ = 10256
METRICS = 10249
