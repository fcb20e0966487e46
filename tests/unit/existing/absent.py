"""A cluster that a run of this user was at work in, as far as files tell. Without `server` its API server is away."""

from __future__ import annotations

from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.journal.store import Record, State, journal_in
from gauntlet.kube import kubeconfig
from gauntlet.providers.existing.cluster import ExistingCluster
from gauntlet.providers.existing.record import ExistingRecord, state_dir
from gauntlet.providers.node_record import NodeRecord

# Nobody listens on the first port of loopback.
SERVER = "http://127.0.0.1:1"


def cluster(name: str, server: str = SERVER) -> Cluster:
    """Write its record and its kubeconfig."""
    folder = state_dir(name)
    folder.mkdir(parents=True)
    nothing = kubeconfig.Credentials(b"", b"", b"")
    text = kubeconfig.render(provider="existing", cluster=name, server=server, user="me", credentials=nothing)
    (folder / "kubeconfig").write_text(text)
    record = ExistingRecord(
        name=name,
        context=name,
        run="0a1b2c3d",
        mode=str(ProxyMode.IPTABLES),
        version="1.37.2",
        control_plane_version="1.37.2",
        kernel="6.1",
        api_address="192.0.2.1:6443",
        image="client",
        nodes=(NodeRecord("node-1", ("192.0.2.2",), ("10.244.1.0/24",)),),
        targets=("node-1",),
        at_once=1,
        outside="192.0.2.3",
    )
    record.save()
    return ExistingCluster(record)


def hurt(name: str) -> Record:
    """Note a fault in its journal, as one that this process injected."""
    record = Record("flush-nat-1", "flush-nat", "node-1", State.INJECTED, undo=(("true",),), check=("true",))
    return journal_in(state_dir(name)).write(record)
