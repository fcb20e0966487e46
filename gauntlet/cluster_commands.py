"""`gauntlet cluster …`: clusters to play with, which outlive the command that made them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gauntlet.cluster import NodeKernel
from gauntlet.errors import GauntletError, UsageError
from gauntlet.profiles import parse_modes

if TYPE_CHECKING:
    from gauntlet.cluster import Cluster, Host, Node

OUTSIDE = "outside"


def every() -> tuple[Cluster, ...]:
    """All running clusters of this user, of every provider."""
    from gauntlet.providers import provider, provider_names

    return tuple(found for name in provider_names() for found in provider(name).list())


def named(name: str | None) -> Cluster:
    """The running cluster of this name; without a name, the only one that runs.

    Raises UsageError where there is none, or where it is not clear which one is meant.
    """
    running = every()
    names = ", ".join(cluster.name for cluster in running)
    if name is None:
        if len(running) == 1:
            return running[0]
        if running:
            raise UsageError(f"there are several clusters: {names}", "say which one you mean")
    for found in running:
        if found.name == name:
            return found
    what = f"no cluster {name!r} runs" if name else "no cluster runs"
    raise UsageError(what, f"running: {names}" if running else "gauntlet cluster up makes one")


def node_of(target: Cluster, name: str) -> Node:
    """The node of this name. Raises UsageError, which lists the names, where there is none."""
    for node in target.nodes:
        if node.name == name:
            return node
    names = ", ".join(node.name for node in target.nodes)
    raise UsageError(f"cluster {target.name} has no node {name!r}", f"choose one of: {names}")


@click.group(short_help="Clusters to play with.")
def cluster() -> None:
    """Clusters to play with: real control plane and kube-proxies, in namespaces.

    \b
    Example:
      gauntlet cluster up --mode nftables --name play
      export KUBECONFIG=$(gauntlet cluster kubeconfig play)
      gauntlet cluster shell node-1 -- nft list table ip kube-proxy
      gauntlet cluster down play
    """


@cluster.command()
@click.option("--mode", default="iptables", show_default=True, help="kube-proxy mode of all nodes.")
@click.option("--name", default="play", show_default=True, help="Name of the new cluster.")
@click.option("--nodes", type=click.IntRange(1), default=3, show_default=True, help="Number of nodes.")
@click.option("--version", default="1.37", show_default=True, help="Kubernetes minor version: a folder of toolchain/.")
@click.option("--provider", "source", default="sandbox", show_default=True, help="Where the cluster comes from.")
@click.option(
    "--node-kernel",
    type=click.Choice(["auto", *map(str, NodeKernel)]),
    default="auto",
    show_default=True,
    help="Whose kernel nodes run on: what the mode needs, the host's, or their own.",
)
@click.option("--kind-image", default="", help="Node image for the kind provider; default: the one built here.")
def up(mode: str, name: str, nodes: int, version: str, source: str, node_kernel: str, kind_image: str) -> None:
    """Bring up a cluster that stays until it is told to go."""
    from gauntlet.binaries import ensure
    from gauntlet.cluster import ProxyMode
    from gauntlet.providers import ClusterSpec, KindOptions, chosen_kernel, provider

    (chosen,) = _one(parse_modes(mode))
    maker = provider(source)
    proxy_mode = ProxyMode(chosen)
    spec = ClusterSpec(
        name,
        proxy_mode,
        nodes=nodes,
        version=version,
        keep=True,
        kernel=chosen_kernel(maker, proxy_mode, node_kernel),
        kind=KindOptions(kind_image),
    )
    if source == "sandbox":
        ensure(spec.proxy_version, say=click.echo)
    made = maker.create(spec)
    click.echo(
        f"{made.name}: Kubernetes {made.control_plane_version}, {len(made.nodes)} nodes, "
        f"kube-proxy {made.version} in {made.mode} mode"
    )
    click.echo(f"  export KUBECONFIG={made.kubeconfig}")
    click.echo(f"  gauntlet cluster shell {made.nodes[0].name} --name {made.name}")
    click.echo(f"  gauntlet cluster down {made.name}")


@cluster.command("list")
def list_clusters() -> None:
    """Show the running clusters, and clear away what dead ones left."""
    from rich.console import Console
    from rich.table import Table

    running = every()
    if not running:
        click.echo("no cluster runs")
        return
    table = Table("name", "mode", "version", "nodes", "kubeconfig", box=None, pad_edge=False)
    table.columns[-1].overflow = "fold"
    for found in running:
        table.add_row(found.name, str(found.mode), found.version, str(len(found.nodes)), str(found.kubeconfig))
    Console().print(table)


@cluster.command(context_settings={"ignore_unknown_options": True})
@click.argument("host", metavar="NODE")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--name", help="Name of the cluster; not needed while only one runs.")
@click.pass_context
def shell(ctx: click.Context, host: str, command: tuple[str, ...], name: str | None) -> None:
    """Open a shell on a node, or run a command there (after --).

    NODE is node-1, node-2 … or `outside`, the host outside the cluster. A command's exit code is passed on.

    \b
    Examples:
      gauntlet cluster shell node-1
      gauntlet cluster shell node-2 -- iptables-save -t nat
      gauntlet cluster shell outside -- curl -s http://10.77.0.11:30080/hostname
    """
    target = _host(named(name), host)
    interactive = not command and sys.stdin.isatty()
    argv = command or (_terminal_shell() if interactive else ("sh",))
    child = target.spawn(argv, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)
    try:
        ctx.exit(child.wait())
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


@cluster.command()
@click.argument("name", required=False)
def kubeconfig(name: str | None) -> None:
    """Print the path of a cluster's kubeconfig.

    NAME is not needed while only one cluster runs. Example: export KUBECONFIG=$(gauntlet cluster kubeconfig)
    """
    click.echo(named(name).kubeconfig)


@cluster.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Delete all of this user, also those of a running run.")
def down(name: str | None, *, everything: bool) -> None:
    """Delete a cluster, and verify that nothing of it is left.

    NAME is not needed while only one cluster runs. A cluster that is gone already counts as deleted.
    """
    from gauntlet.providers import provider, provider_names

    if everything:
        doomed = [(found.provider, found.name) for found in every()]
    elif name is None:
        found = named(None)
        doomed = [(found.provider, found.name)]
    else:
        running = {found.name: found.provider for found in every()}
        doomed = [(source, name) for source in ([running[name]] if name in running else provider_names())]
    for source, target in doomed:
        provider(source).delete(target)
        click.echo(f"{target}: deleted")


def _one(modes: tuple[str, ...]) -> tuple[str]:
    if len(modes) != 1:
        raise UsageError("a cluster has one mode", "give --mode once, with one mode")
    return (modes[0],)


def _host(target: Cluster, name: str) -> Host:
    if name == OUTSIDE:
        return target.outside
    try:
        return target.node(name)
    except (GauntletError, KeyError, LookupError):
        names = ", ".join([*(node.name for node in target.nodes), OUTSIDE])
        raise UsageError(f"cluster {target.name} has no host {name!r}", f"choose one of: {names}") from None


def _terminal_shell() -> tuple[str, ...]:
    # Commands on a host run in a session without a terminal; script(1) gives the shell one, and with it Ctrl-C.
    wanted = os.environ.get("SHELL", "")
    return "script", "--quiet", "--return", "--command", wanted if Path(wanted).is_file() else "sh", "/dev/null"
