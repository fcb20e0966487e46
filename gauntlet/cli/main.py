"""The command `gauntlet`. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gauntlet import __version__
from gauntlet.cli.adoption import adopt
from gauntlet.cli.cluster_commands import cluster
from gauntlet.cli.pytest_arguments import BeforePytest, names_a_cluster
from gauntlet.ground import ending, screen
from gauntlet.ground.errors import ExitCode, GauntletError
from gauntlet.ground.names import NAME
from gauntlet.ground.profiles import PROFILES, parse_modes, pytest_options

if TYPE_CHECKING:
    from gauntlet.ground.cluster import Cluster
    from gauntlet.providers.existing.options import ExistingOptions

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
EXISTING = "existing"
# Ordinary users of Debian have no sbin folder in PATH, and that is where iptables lies.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class Command(click.Group):
    """A group of commands whose foreseen errors end in two lines and an exit code, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GauntletError as error:
            click.secho("error: ", fg="red", bold=True, err=True, nl=False)
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)


@click.group(cls=Command, context_settings=HELP)
@click.version_option(__version__, prog_name="gauntlet")
def main() -> None:
    """May this cluster take its next kube-proxy?

    Brings up a real cluster for each kube-proxy mode, sends traffic through its Services, hurts the data plane on
    purpose, and judges what the traffic saw against SLOs.

    \b
    Start here:
      gauntlet doctor                  can this machine run it?
      gauntlet run                     the gate: iptables and nftables, some minutes
      gauntlet run -- -k node_port     only the cases about NodePorts
      gauntlet cluster up              a cluster to play with

    Exit codes: 0 all passed; 1 something failed or was inconclusive; 2 wrong usage, or this machine lacks something.
    """
    ending.obey()
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*folders, *(folder for folder in SBIN if folder not in folders)])


main.add_command(cluster)
main.add_command(adopt)


def _run_help() -> str:
    profiles = "\n".join(f"  {profile.name:<12} {profile.summary}" for profile in PROFILES.values())
    return f"""Run the suites and print the verdicts.

PYTEST_ARGS go to pytest as they are; put -- before them.

\b
Profiles:
{profiles}

\b
Examples:
  gauntlet run
  gauntlet run --modes nftables -- -k "node_port and udp" -x
  gauntlet run --profile conformance -- --junitxml=junit.xml
  gauntlet run -- suites/chaos --kp-seed=7
  gauntlet run kill-proxy                          the case of one experiment
  gauntlet run --provider existing -- --kp-context=staging --kp-target-nodes=worker-3 --kp-dry-run

Writes results.json, report.html, summary.md and the evidence into a new folder below results/, to which then points
results/latest if all cases of the profile were to run, else results/latest-selection: a selection is not the gate, and
says so. Ctrl-C and SIGTERM end the run in order: faults are healed, clusters deleted; a second one ends it at once.

Exit codes: 0 all passed; 1 something failed or was inconclusive; 2 wrong usage, or nothing was selected.
"""


@main.command(cls=BeforePytest, short_help="Run the suites and print the verdicts.", help=_run_help())
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), default="gate", show_default=True, help="Which cases to run."
)
@click.option(
    "--modes", metavar="MODE,MODE", help="kube-proxy modes, each on a cluster of its own.  [default: the profile's]"
)
@click.option(
    "--provider",
    "source",
    type=click.Choice(["existing", "kind", "sandbox"]),
    default="sandbox",
    show_default=True,
    help="Where clusters come from; existing: one of yours (docs/existing.md).",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder that keeps one subfolder for each run.",
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(
    ctx: click.Context, profile: str, modes: str | None, source: str, results: Path, pytest_args: tuple[str, ...]
) -> None:
    from gauntlet.build import binaries
    from gauntlet.cli import pytestrun
    from gauntlet.cli.conclusion import conclude
    from gauntlet.ground import paths
    from gauntlet.ground.cluster import ProxyMode
    from gauntlet.report.run_folder import announced

    chosen = PROFILES[profile]
    as_found = source == EXISTING or names_a_cluster(pytest_args)
    in_modes = parse_modes(modes) if modes is not None else () if as_found else chosen.modes
    root = paths.project_root()
    folder = results.absolute()
    options = pytest_options(chosen, in_modes, folder, (f"--kp-provider={source}", *pytest_args))
    if not (pytestrun.LISTING | {"--kp-dry-run"}).isdisjoint(pytest_args):
        ctx.exit(pytestrun.exit_code(pytestrun.run_pytest(options, root)))
    pytestrun.require_writable(folder)
    versions = {binaries.proxy_version(ProxyMode(mode), binaries.DEFAULT_VERSION): None for mode in in_modes}
    for version in versions if not as_found else ():
        binaries.ensure(version, say=click.echo)
    click.echo(f"profile {profile}, modes {', '.join(in_modes) or 'as found'}: pytest {' '.join(options)}")
    with announced() as run_folder:
        code = pytestrun.run_pytest(options, root)
        ctx.exit(conclude(screen.console(), run_folder.folder(), code))


@main.command(short_help="Try what this machine can run, or check a cluster.")
@click.option("--kind", "for_kind", is_flag=True, help="Look for what commonly breaks kind clusters instead.")
@click.option("--cluster", "of_cluster", is_flag=True, help="Check the kube-proxies of a cluster, not this machine.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --cluster: the cluster of this kubeconfig.  [default: $KUBECONFIG, ~/.kube/config]",
)
@click.option("--context", type=NAME, help="With --cluster: a context of the kubeconfig.  [default: the current one]")
@click.option(
    "--allow-context",
    type=NAME,
    help="With --cluster: go onto the nodes of a cluster without the marker; the context's exact name.",
)
@click.option("--client-image", type=NAME, help="With --cluster: image of the pods by which nodes are reached.")
@click.option("--json", "as_json", is_flag=True, help="With --cluster: print JSON.")
@click.pass_context
def doctor(
    ctx: click.Context,
    *,
    for_kind: bool,
    of_cluster: bool,
    kubeconfig: Path | None,
    context: str | None,
    allow_context: str | None,
    client_image: str | None,
    as_json: bool,
) -> None:
    """Try what this machine can run; name a remedy for what is missing.

    Nothing is guessed: namespaces are made, rules are loaded into them, Go is started. Nothing of the machine is
    changed. Exit code 0 if the sandbox (with --kind: a kind cluster) can run here, else 2.

    With --cluster: what the API server says of kube-proxy, held against what is really there on each node. Nothing
    of the cluster is changed, but that in somebody's cluster with the gauntlet's marker a privileged pod runs on each
    node while the check lasts (docs/existing.md). Exit code 0 if there is no problem, else 1; what cannot be looked at
    counts as a problem. docs/cluster-check.md explains each line.

    \b
    Examples:
      gauntlet doctor
      gauntlet doctor --cluster --kubeconfig "$(gauntlet cluster kubeconfig play)"
      gauntlet doctor --cluster --context staging --json
    """
    from gauntlet.ground.errors import UsageError
    from gauntlet.providers.existing.options import ExistingOptions

    if of_cluster and for_kind:
        raise UsageError("--cluster checks a cluster, --kind this machine", "give one of them")
    if of_cluster:
        options = ExistingOptions(kubeconfig, context or "", allow_context or "", client_image=client_image or "")
        ctx.exit(_check_cluster(options, as_json=as_json))
    if kubeconfig or context or allow_context or client_image or as_json:
        raise UsageError(
            "--kubeconfig, --context, --allow-context, --client-image and --json are for the check of a cluster",
            "add --cluster",
        )
    ctx.exit(_check_machine(for_kind=for_kind))


def _check_cluster(options: ExistingOptions, *, as_json: bool) -> ExitCode:
    from gauntlet.doctor.cluster_check import examine
    from gauntlet.doctor.cluster_check.table import tables
    from gauntlet.doctor.cluster_check.target import opened

    with opened(options) as target:
        report = examine(target.api, target.nodes, no_way_in=target.no_way_in, faults=target.faults)
    if as_json:
        click.echo(report.as_json())
    else:
        console = screen.console()
        for table in tables(report):
            console.print(screen.fitted(console, table))
    return ExitCode.OK if report.sound else ExitCode.FAILED


def _check_machine(*, for_kind: bool) -> ExitCode:
    from gauntlet.cli.doctor_table import row
    from gauntlet.doctor import kind as doctor_kind
    from gauntlet.doctor import machine as sandbox
    from gauntlet.doctor.machine import State

    console = screen.console()
    missing = 0
    what, examination = ("kind", doctor_kind) if for_kind else ("the sandbox", sandbox)
    for check in examination.examine():
        missing += check.state is State.MISSING
        console.print(screen.fitted(console, row(check)))
    if missing:
        console.print(f"\n[bold red]{missing} missing[/]: {what} cannot run here until the remedies are applied")
        return ExitCode.USAGE
    console.print(
        f"\n[green]this machine can run the gauntlet[/]: gauntlet run{' --provider kind' if for_kind else ''}"
    )
    return ExitCode.OK


@main.command(short_help="Undo faults that a killed run left behind.")
@click.option(
    "--kubeconfig", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The cluster of this kubeconfig."
)
@click.option("--name", type=NAME, help="The cluster of this name (see gauntlet cluster list).")
def heal(kubeconfig: Path | None, name: str | None) -> None:
    """Undo every fault that a killed run left in a cluster.

    Works from the cluster's journal and access to the cluster alone, and may be repeated. Without options: all
    clusters of this user; those that a run is at work in are left alone, and named. The start of each run does the
    same.

    Exit code 0 if what was left is healed, 1 if something could not be, 2 if the cluster that was named is in use.
    """
    from gauntlet.cli.cluster_commands import every, named
    from gauntlet.faults.heal import HealFailed
    from gauntlet.ground.errors import UsageError
    from gauntlet.ground.journal.lock import ClusterInUse
    from gauntlet.providers import connect

    if kubeconfig and name:
        raise UsageError("--kubeconfig and --name exclude each other", "give one of them")
    if kubeconfig or name:
        _heal(connect(kubeconfig) if kubeconfig else named(name))
        return
    clusters = every()
    if not clusters:
        click.echo("no cluster runs; nothing to heal")
    failed: list[GauntletError] = []
    for target in clusters:
        try:
            _heal(target)
        except ClusterInUse as busy:
            click.echo(f"{target.name}: left alone: {busy.what}")
        except GauntletError as error:
            failed.append(error)
    if failed:
        raise HealFailed("\n".join(error.what for error in failed), "; ".join(error.remedy for error in failed))


def _heal(target: Cluster) -> None:
    """Heal a cluster that nobody uses. Of one that will go on, take away as well what the killed run had made there."""
    from gauntlet.faults.heal import heal
    from gauntlet.ground.journal import lock
    from gauntlet.providers import provider

    with lock.used(target.provider, target.name):
        done = heal(target)
        click.echo(f"{target.name}: {len(done)} fault(s) healed" if done else f"{target.name}: nothing to heal")
        for fault in done:
            click.echo(f"  {fault.fault} on {fault.node or 'the API'}: {fault.evidence}")
        source = provider(target.provider)
        if source.outlives_runs:
            source.delete(target.name)
            click.echo(f"{target.name}: what the run that was killed had made there is gone")


@main.command(short_help="Show what a node does with Service traffic.")
@click.argument("node")
@click.option(
    "--cluster",
    "--name",
    "name",
    type=NAME,
    help="Name of the cluster; not needed for the only one that no run is at work in.",
)
@click.option(
    "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or programs."
)
def inspect(node: str, name: str | None, output: str) -> None:
    """Show what a node does with Service traffic: its rules, and in ipvs mode IPVS itself.

    Nothing but the node's kernel is asked: no ipvsadm is needed. Rules are counted and read into one model, the
    same for every mode.

    \b
    Examples:
      gauntlet inspect node-1
      gauntlet inspect node-2 --cluster play --output json
    """
    from gauntlet.cli.cluster_commands import named, node_of
    from gauntlet.cli.inspection_table import tables
    from gauntlet.proxy.inspection import inspect as look

    target = named(name)
    found = look(node_of(target, node), target.mode)
    if output == "json":
        click.echo(found.as_json())
        return
    console = screen.console()
    for table in tables(found):
        console.print(screen.fitted(console, table), "")


@main.command(short_help="Make the report of a run again.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("results/latest"))
@click.pass_context
def report(ctx: click.Context, folder: Path) -> None:
    """Make report.html and summary.md again from the results of a run, and print its verdicts.

    FOLDER is the folder of a run; default: results/latest. Exit code 0 if all passed, else 1.
    """
    import subprocess

    from gauntlet.cli.conclusion import show
    from gauntlet.ground.finding import Verdict
    from gauntlet.report.results import load

    results = load(folder)
    # A process of its own: drawing takes memory that a long-lived caller should not keep.
    made = subprocess.run([*ending.DIES_WITH_US, sys.executable, "-m", "gauntlet.report", str(folder)], check=False)
    show(screen.console(), results, folder)
    passed = made.returncode == 0 and results.verdict is Verdict.PASS
    ctx.exit(ExitCode.OK if passed else made.returncode or ExitCode.FAILED)


@main.command(short_help="Build the Kubernetes binaries, or find them.")
@click.option("--version", default="1.37", show_default=True, help="Kubernetes minor version: a folder of toolchain/.")
@click.option("--quiet", is_flag=True, help="Say nothing if everything is built already.")
def binaries(version: str, *, quiet: bool) -> None:
    """Build the Kubernetes binaries into the cache, or show where they are.

    They are built from the Go modules in toolchain/, verified by go.sum: some minutes the first time, nothing
    after that. The cache is $XDG_CACHE_HOME/kube-proxy-gauntlet (~/.cache/kube-proxy-gauntlet); deleting it is safe.
    Where Debian's User-Mode Linux is installed and old, its next release's is put there too.
    """
    from gauntlet.build.binaries import ensure, find
    from gauntlet.build.toolchain import pinned_minor, toolchain_root
    from gauntlet.providers.sandbox import uml, uml_package

    version = pinned_minor(version, toolchain_root())
    was_built = find(version) is not None
    built = ensure(version, say=click.echo)
    if uml.is_installed():
        uml_package.ensure(click.echo)
    if quiet and was_built:
        return
    for name in sorted(built.programs):
        click.echo(f"{name:<26}{built.path(name)}")


@main.group(context_settings=HELP)
def images() -> None:
    """Images for kind clusters, made on this machine."""


@images.command(short_help="Build what is not there yet.")
@click.option("--version", default="1.37", show_default=True, help="Kubernetes minor version: a folder of toolchain/.")
def build(version: str) -> None:
    """Build the agnhost, client and kind node images; what exists already stays as it is.

    For machines that reach no image registry. From Debian packages and the Go modules in toolchain/: some ten minutes
    the first time, a second after that. Needs a Docker daemon (DOCKER_HOST; ci/docker up starts one) and, for
    debootstrap, root.
    """
    from gauntlet.build.images.making import make
    from gauntlet.build.toolchain import pinned_minor, toolchain_root

    made = make(pinned_minor(version, toolchain_root()), say=click.echo)
    click.echo(f"agnhost  {made.agnhost}\nclient   {made.client}\nnode     {made.node} (Kubernetes {made.version})")
