"""`gauntlet cluster …`: clusters to play with, which outlive the command that made them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gauntlet.cli import aftercare
from gauntlet.cli.clusters import Address, ambiguous, broken, every, full_name, named, users
from gauntlet.cli.origin import from_source
from gauntlet.ground import screen
from gauntlet.ground.choice import exclusive
from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.errors import ExitCode, GauntletError, UsageError
from gauntlet.ground.family import CHOICES
from gauntlet.ground.names import NAME
from gauntlet.providers.registry import DEFAULT

if TYPE_CHECKING:
    from gauntlet.ground.cluster import Cluster, Host
    from gauntlet.subject import Subject

OUTSIDE = "outside"


@click.group(short_help="Clusters to play with.")
def cluster() -> None:
    """Clusters to play with: real control plane and kube-proxies, in namespaces.

    \b
    Example:
      gauntlet cluster up --subject nftables@1.37 --name play
      export KUBECONFIG=$(gauntlet cluster kubeconfig play)
      gauntlet cluster shell node-1 -- nft list table ip kube-proxy
      kubectl apply -f manifests/hello.yaml
      gauntlet cluster shell node-1 -- curl -s http://10.77.0.12:30080/hostname
      gauntlet cluster down play
    """


@cluster.command()
@click.option(
    "--subject", "written", help="What all nodes run: nftables@1.36, nftables@./kube-proxy, nftables+SomeGate."
)
@click.option("--mode", help="The same by mode alone.  [default: iptables]")
@click.option("--name", default="play", show_default=True, help="Name of the new cluster.")
@click.option("--nodes", type=click.IntRange(1), default=3, show_default=True, help="Number of nodes.")
@click.option("--version", default="1.37", show_default=True, help="Version of a subject that names none.")
@click.option("--provider", "source", default=DEFAULT, show_default=True, help="Where the cluster comes from.")
@click.option(
    "--node-kernel",
    type=click.Choice(["auto", *map(str, NodeKernel)]),
    default="auto",
    show_default=True,
    help="Whose kernel nodes run on: what the mode needs, the host's, or their own.",
)
@click.option(
    "--families",
    type=click.Choice([*CHOICES]),
    help="IP families of nodes, pods and Services of a sandbox.  [default: dual]",
)
@click.option("--kind-image", default="", help="Node image for the kind provider; default: the one built here.")
@from_source
def up(
    written: str | None,
    mode: str | None,
    name: str,
    nodes: int,
    version: str,
    source: str,
    node_kernel: str,
    families: str | None,
    kind_image: str,
) -> None:
    """Bring up a cluster that stays until it is told to go."""
    from gauntlet.faults.heal import heal
    from gauntlet.providers import ClusterSpec, KindOptions, chosen_kernel, provider
    from gauntlet.subject import parse_all

    exclusive({"--subject": written, "--mode": mode}, "--mode is the short form: give --subject alone")
    (subject,) = _one(parse_all(written or mode or "iptables", version))
    maker = provider(source)
    spec = ClusterSpec(
        name,
        subject,
        nodes=nodes,
        keep=True,
        kernel=chosen_kernel(maker, subject.mode, node_kernel),
        families=CHOICES[families] if families else (),
        kind=KindOptions(kind_image),
    )
    maker.prepare(spec, click.echo)
    made = maker.create(spec)
    # One of this name that was kept, which kind uses again, may have been left hurt.
    heal(made)
    click.echo(
        f"{made.name}: Kubernetes {made.control_plane_version}, {len(made.nodes)} nodes, "
        f"kube-proxy {made.version} in {made.mode} mode, {' and '.join(made.families)}"
    )
    click.echo(f"  export KUBECONFIG={made.kubeconfig}")
    click.echo(f"  gauntlet cluster shell {made.nodes[0].name} --name {made.name}")
    click.echo(f"  gauntlet cluster down {made.name}")


@cluster.command("list")
@click.pass_context
def list_clusters(ctx: click.Context) -> None:
    """Show the running clusters, and clear away what dead ones left.

    Exit code 1 if there is one that cannot be used: it is named, with what to do about it.
    """
    running, unusable = every(), broken()
    if running:
        _show(running)
    else:
        click.echo("no cluster runs")
    for each, error in unusable.items():
        click.echo(f"{full_name(each.provider, each.name)}: {error}", err=True)
    ctx.exit(ExitCode.FAILED if unusable else ExitCode.OK)


def _show(running: Sequence[Cluster]) -> None:
    from rich.table import Table

    used = users(running)
    table = Table("name", "mode", "version", "nodes", "used by", "kubeconfig", box=None, pad_edge=False)
    table.columns[-1].overflow = "fold"
    for found in running:
        owner = used.get(full_name(found.provider, found.name))
        who = "" if owner is None else f"process {owner.pid}"
        table.add_row(found.name, str(found.mode), found.version, str(len(found.nodes)), who, str(found.kubeconfig))
    console = screen.console()
    console.print(screen.fitted(console, table))


@cluster.command(context_settings={"ignore_unknown_options": True})
@click.argument("host", metavar="NODE")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--name", type=NAME, help="Name of the cluster; not needed for the only one that no run is at work in.")
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
@click.argument("name", type=NAME, required=False)
def kubeconfig(name: str | None) -> None:
    """Print the path of a cluster's kubeconfig.

    NAME is not needed for the only cluster that no run is at work in.

    Example: export KUBECONFIG=$(gauntlet cluster kubeconfig)
    """
    click.echo(named(name).kubeconfig)


@cluster.command()
@click.argument("name", type=NAME, required=False)
@click.option("--all", "everything", is_flag=True, help="Delete all of this user that no run is at work in.")
@click.pass_context
def down(ctx: click.Context, name: str | None, *, everything: bool) -> None:
    """Delete a cluster, and verify that nothing of it is left.

    NAME is not needed for the only cluster that no run is at work in. A cluster that a run is at work in is left alone:
    end the run, and it goes. Of a cluster of yours (docs/existing.md), what a run that was killed left there is healed
    and taken away.

    Exit code 0 if the cluster is gone; 1 if with --all one is still there; 2 if there is no such cluster, or it is in
    use.
    """
    exclusive({"NAME": name, "--all": everything})
    if not everything:
        aftercare.end(*(_address(named(None)) if name is None else _found(name)))
        return
    targets = [*(Address(*_address(found)) for found in every()), *broken()]
    left = aftercare.to_each(targets, lambda each: aftercare.end(each.provider, each.name))
    for target, error in left.failed.items():
        click.echo(f"{target}: left as it is: {error}", err=True)
    ctx.exit(ExitCode.FAILED if left.busy or left.failed else ExitCode.OK)


def _address(found: Cluster) -> tuple[str, str]:
    return found.provider, found.name


def _found(name: str) -> tuple[str, str]:
    """Provider and name of the cluster of this name, running or not. Raises UsageError if there never was one."""
    from gauntlet.providers import provider, provider_names

    wanted, _, plain = name.rpartition("/")
    sources = [each for each in provider_names() if wanted in ("", each) and provider(each).knows(plain)]
    if len(sources) > 1:
        raise ambiguous(plain, sources)
    if not sources:
        names = ", ".join(found.name for found in every())
        raise UsageError(f"there is no cluster {name!r}", f"running: {names}" if names else "none runs: nothing to do")
    return sources[0], plain


def _one(subjects: tuple[Subject, ...]) -> tuple[Subject]:
    if len(subjects) != 1:
        raise UsageError("a cluster has one mode and one version", "give one subject, or one mode")
    return (subjects[0],)


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
