"""Clients of the kubernetes library for the API server of a kubeconfig."""

from __future__ import annotations

from pathlib import Path

from kubernetes import client, config
from kubernetes.client import ApiClient


def api_client(kubeconfig: Path, context: str | None = None) -> ApiClient:
    """A client for the API server of this kubeconfig, never through a proxy of the environment.

    Without a `context` the current one counts. Raises ConfigException of the kubernetes library.
    """
    settings = client.Configuration()
    config.load_kube_config(str(kubeconfig), context=context, client_configuration=settings)
    settings.proxy = None
    settings.no_proxy = None
    settings.connection_pool_maxsize = 32
    return ApiClient(settings)
