"""Which kube-proxy a node runs: a file that its supervisor reads at each start, as a kubelet does a static pod's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gauntlet.ground.disk import replace_file
from gauntlet.providers.sandbox import layout
from gauntlet.proxy.tools import Tools, chosen

_FILE = "kube-proxy.json"


@dataclass(frozen=True)
class ProxyManifest:
    """The name of the subject, and paths of its program and its KubeProxyConfiguration, as the world has them.

    `tools` are the iptables that the node gets before its kube-proxy starts; None if it keeps what it has.
    """

    subject: str
    program: str
    configuration: str
    tools: Tools | None = None

    @property
    def argv(self) -> Sequence[str]:
        argv = [self.program, f"--config={self.configuration}", "--v=2"]
        return argv if self.tools is None else ["sh", "-ec", f'{chosen(self.tools)}exec "$@"', "sh", *argv]

    @classmethod
    def write(
        cls, state: Path, node: str, subject: str, program: str, configuration: str, tools: Tools | None = None
    ) -> None:
        """Give a node this kube-proxy, with this text as its configuration, from its next start on.

        Each subject has a configuration file of its own: that of the kube-proxy which still runs stays as it is, and
        the manifest changes in one step. Whoever is killed in between has changed nothing, or all.
        """
        # Names of subjects differ in case too, which not every file system tells apart.
        place = layout.node_folder(state, node) / f"subject-{subject.encode().hex()}" / "kube-proxy.yaml"
        place.parent.mkdir(exist_ok=True)
        replace_file(place, configuration)
        replace_file(_place(state, node), json.dumps(asdict(cls(subject, program, str(place), tools))))

    @classmethod
    def load(cls, state: Path, node: str) -> ProxyManifest:
        raw = json.loads(_place(state, node).read_text(encoding="utf-8"))
        return cls(**raw | {"tools": Tools(raw["tools"]) if raw["tools"] else None})


def _place(state: Path, node: str) -> Path:
    return layout.node_folder(state, node) / _FILE
