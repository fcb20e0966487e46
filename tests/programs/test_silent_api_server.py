"""An API server that takes connections and never answers: said within seconds, given up once, with the right remedy."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
import yaml
from kubernetes.client import CoreV1Api

from gauntlet.ground.errors import ExitCode
from gauntlet.kube import api_client
from gauntlet.kube.api import Api, ApiUnreachable


class SilentServer:
    """Keeps every connection open without a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.connections.append(self._listener.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in [self._listener, *self.connections]:
            each.close()


@pytest.fixture
def server() -> Iterator[SilentServer]:
    made = SilentServer()
    yield made
    made.close()


@pytest.fixture
def kubeconfig(server: SilentServer, tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "silent",
        "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": "me"}}],
        "clusters": [{"name": "silent", "cluster": {"server": f"https://127.0.0.1:{server.port}"}}],
        "users": [{"name": "me", "user": {"token": "none"}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def test_the_check_of_a_cluster_says_what_it_waits_for(server: SilentServer, kubeconfig: Path) -> None:
    gauntlet = str(Path(sys.executable).with_name("gauntlet"))
    check = [gauntlet, "doctor", "--cluster", "--kubeconfig", str(kubeconfig)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=120, check=False)
    first, *rest = done.stderr.splitlines()
    assert f"still waiting for an answer of the API server to GET https://127.0.0.1:{server.port}/" in first
    assert f"no answer from the API server at https://127.0.0.1:{server.port}" in rest[0]
    assert "does this machine reach it? `curl --insecure" in rest[-1]
    assert done.returncode == ExitCode.FAILED
    assert len(server.connections) == 1, "one wait, not four"


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "CONNECT_S", 0.3)


def test_one_wait_is_enough(server: SilentServer, kubeconfig: Path, short_waits: None) -> None:
    with pytest.raises(ApiUnreachable):
        Api(api_client.api_client(kubeconfig)).get("/version")
    assert len(server.connections) == 1


def test_calls_of_the_library_have_a_deadline_as_well(kubeconfig: Path, short_waits: None) -> None:
    with pytest.raises(urllib3.exceptions.TimeoutError):
        CoreV1Api(api_client.api_client(kubeconfig)).list_namespace()
