"""`gauntlet doctor`: what this machine can run, or whether the kube-proxies of a cluster are sound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from gauntlet.cli.cluster_options import cluster_options
from gauntlet.ground import screen
from gauntlet.ground.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gauntlet.providers.existing.options import ExistingOptions


@click.command(short_help="Try what this machine can run, or check a cluster.")
@click.option("--kind", "for_kind", is_flag=True, help="Look for what commonly breaks kind clusters instead.")
@click.option("--cluster", "of_cluster", is_flag=True, help="Check the kube-proxies of a cluster, not this machine.")
@cluster_options("With --cluster")
@click.option("--json", "as_json", is_flag=True, help="With --cluster: print JSON.")
@click.pass_context
def doctor(
    ctx: click.Context,
    *,
    for_kind: bool,
    of_cluster: bool,
    cluster: ExistingOptions,
    as_json: bool,
) -> None:
    """Try what this machine can run; name a remedy for what is missing.

    Nothing is guessed: namespaces are made, rules are loaded into them, Go is started. Nothing of the machine is
    changed. Exit code 0 if the sandbox (with --kind: a kind cluster) can run here, else 2.

    With --cluster: what the API server says of kube-proxy, held against what is really there on each node. Nothing
    of the cluster is changed, but that in somebody's cluster with the gauntlet's marker a privileged pod runs on each
    node while the check lasts (docs/existing.md). Exit code 0 if there is no problem, else 1; what cannot be looked at
    counts as a problem. docs/cluster-check.md explains each line. Below it stands what the next version will bring
    (gauntlet lookahead), which does not count.

    \b
    Examples:
      gauntlet doctor
      gauntlet doctor --cluster --kubeconfig "$(gauntlet cluster kubeconfig play)"
      gauntlet doctor --cluster --context staging --json
    """
    from gauntlet.providers.existing.options import ExistingOptions

    if of_cluster and for_kind:
        raise UsageError("--cluster checks a cluster, --kind this machine", "give one of them")
    if of_cluster:
        ctx.exit(_check_cluster(cluster, as_json=as_json))
    if cluster != ExistingOptions() or as_json:
        raise UsageError(
            "--kubeconfig, --context, --allow-context, --client-image and --json are for the check of a cluster",
            "add --cluster",
        )
    ctx.exit(_check_machine(for_kind=for_kind))


def _check_cluster(options: ExistingOptions, *, as_json: bool) -> ExitCode:
    from gauntlet.doctor.cluster_check import examined, gather
    from gauntlet.doctor.cluster_check.table import tables
    from gauntlet.doctor.cluster_check.target import opened
    from gauntlet.doctor.lookahead import looked_ahead

    with opened(options) as target:
        gathered = gather(target.api, target.nodes, no_way_in=target.no_way_in)
        report = examined(target.api, target.nodes, gathered, target.faults)
        outlook = looked_ahead(gathered, target.nodes, None)
    if as_json:
        click.echo(json.dumps(report.as_dict() | {"ahead": outlook.as_dict()}, indent=2))
    else:
        console = screen.console()
        *found, conclusion = tables(report)
        for table in (*found, *outlook.in_brief(), conclusion):
            console.print(screen.fitted(console, table))
    return ExitCode.OK if report.sound else ExitCode.FAILED


def _check_machine(*, for_kind: bool) -> ExitCode:
    from gauntlet.cli.doctor_table import row
    from gauntlet.doctor import kind as doctor_kind
    from gauntlet.doctor import machine as sandbox
    from gauntlet.doctor.check import State

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
