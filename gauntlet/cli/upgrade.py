"""`gauntlet upgrade`: may this cluster take its next kube-proxy?"""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gauntlet.cli.origin import from_source
from gauntlet.cli.span import Span
from gauntlet.ground import output
from gauntlet.ground.choice import exclusive
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.providers.registry import DEFAULT

if TYPE_CHECKING:
    from gauntlet.providers import ClusterSpec, Provider
    from gauntlet.subject import Subject
    from gauntlet.upgrade.phases import Extent, Selection
    from gauntlet.upgrade.strategy import Strategy
    from gauntlet.upgrade.terms import Terms
    from gauntlet.upgrade.undoing import OnFailure
    from gauntlet.upgrade.verdict import Answer

# Which cases there are, by their option.
_FLAGS = {"none": "--no-cases", "smoke": "--smoke-cases", "all": "--all-cases"}
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Say whether a cluster may take its next kube-proxy.")
@click.option("--from", "today", metavar="SUBJECT", help="Today's kube-proxy: iptables@1.36.")
@click.option("--to", "following", metavar="SUBJECT", help="The next one: nftables@1.37.")
@click.option(
    "--strategy",
    default="node-by-node",
    show_default=True,
    metavar="STRATEGY",
    help="Order of the nodes: node-by-node, all-at-once, or canary=N.",
)
@click.option(
    "--quick",
    "extent",
    flag_value="quick",
    help="The way there alone, with the few cases of smoke, without faults: the way back is not tried.",
)
@click.option("--no-cases", "cases", flag_value="none", help="Traffic alone: no case of conformance or of a fault.")
@click.option(
    "--smoke-cases",
    "cases",
    flag_value="smoke",
    help="The few cases of smoke, and the gate's faults: the whole way in some ten minutes instead of 25.",
)
@click.option(
    "--all-cases",
    "cases",
    flag_value="all",
    help="All cases of conformance, for most of an hour, instead of the gate's alone.",
)
@click.option(
    "--on-failure",
    type=click.Choice(["roll-back", "leave"]),
    default="roll-back",
    show_default=True,
    help="If a node's next kube-proxy does not serve, the roll stops: what to do with the nodes that were rolled.",
)
@click.option("--provider", "source", default=DEFAULT, show_default=True, help="Where the cluster comes from.")
@click.option("--nodes", type=click.IntRange(1), default=3, show_default=True, help="Number of nodes.")
@click.option("--slos", type=_FOLDER, help="Folder with what differs from slos/: upgrade.yaml, accepted.yaml.")
@click.option(
    "--results",
    type=_FOLDER,
    default=Path("results"),
    show_default=True,
    help="Folder that keeps one subfolder for each run.",
)
@click.option(
    "--matrix",
    "scope",
    flag_value="matrix",
    help="Run the upgrades that matter, each with its rollback, and print a table.",
)
@click.option(
    "--budget", "budget_s", type=Span(), help="With --matrix: begin no pair that would not fit.  [default: 60m]"
)
@click.option("--write", "page", type=_FILE, help="With --matrix: write this Markdown page, and its JSON beside it.")
@from_source
@click.pass_context
def upgrade(
    ctx: click.Context,
    today: str | None,
    following: str | None,
    strategy: str,
    extent: str | None,
    cases: str | None,
    on_failure: str,
    source: str,
    nodes: int,
    slos: Path | None,
    results: Path,
    scope: str | None,
    budget_s: float | None,
    page: Path | None,
) -> None:
    """Say whether a cluster may take its next kube-proxy: what the roll costs its clients, and what the next one does
    worse.

    A cluster of the sandbox or of kind starts with today's kube-proxy. Under traffic that never stops, from pods, from
    the network of nodes and from outside, its nodes get the next one, one after the other, then today's again, and the
    next one once more. In between no kube-proxy is touched for a few seconds, while endpoints change: before, with half
    of the nodes replaced, there, and back. Then the gate's cases of conformance run beside the traffic, and, with all
    nodes of one kube-proxy, its faults; what they come to with the next one is compared with today's.

    A node whose next kube-proxy does not serve stops the roll. The nodes that were rolled get today's again, or are
    left as they are; the answer stays `may not`, and the page says what was done and whether the way back worked.

    The answer is `may`, `may not` or `cannot tell`, with its reasons, the worst first. What is promised is said in
    slos/upgrade.yaml, which failures are accepted until when in slos/accepted.yaml.

    \b
    Examples:
      gauntlet upgrade --from iptables@1.36 --to iptables@1.37
      gauntlet upgrade --from iptables --to nftables --quick
      gauntlet upgrade --matrix --budget 60m
      gauntlet upgrade --from today=nftables@1.36 --to next=nftables@./kube-proxy --strategy canary=1

    --matrix runs the upgrades that matter (to the next minor version, from three versions ago, from iptables and ipvs
    to nftables mode, from ipvs to iptables), each on a cluster of its own, and writes matrix.json. A pair that would
    not fit into the budget is not begun, and the table says so.

    Exit codes: 0 it may (of the matrix: all that can be run); 1 it may not, or that cannot be told; 2 wrong usage, or
    this machine lacks something.
    """
    from gauntlet.build.binaries import DEFAULT_VERSION
    from gauntlet.cli.upgrade_matrix import run_matrix
    from gauntlet.report.junit import FILE as JUNIT
    from gauntlet.report.making import PAGE
    from gauntlet.report.results_file import FILE, LOGS
    from gauntlet.report.run_folder import LATEST, LATEST_SELECTION, new_run, point_latest
    from gauntlet.subject import parse_all
    from gauntlet.upgrade.phases import Extent, Selection
    from gauntlet.upgrade.skew import require_supported
    from gauntlet.upgrade.undoing import OnFailure

    if scope is not None:
        for name, given in (("--from", today), ("--to", following)):
            exclusive({"--matrix": scope, name: given}, "the matrix has pairs of its own")
        _whatever_the_subjects(strategy, source, nodes, slos)
        shared = _shared(strategy, extent, cases, on_failure, source, nodes, slos)
        output.outlive_readers()
        ctx.exit(run_matrix(shared, budget_s, results, page))
    if budget_s is not None or page is not None:
        raise UsageError("--budget and --write are options of the matrix", "give --matrix too, or leave them out")
    if today is None or following is None:
        raise UsageError("--from or --to is missing", "name today's kube-proxy and the next one, or give --matrix")
    subjects = parse_all(f"{today},{following}", DEFAULT_VERSION)
    if len(subjects) != 2:
        raise UsageError("--from and --to name one subject each", "give each without a comma")
    require_supported(subjects)
    maker, way, terms = _whatever_the_subjects(strategy, source, nodes, slos)
    spec = _spec(maker, *subjects, nodes)
    folder = new_run(results.absolute())
    selection = Selection(cases or (Selection.SMOKE if extent else Selection.GATE))
    answer, lines, ended_by = _undertake(
        maker, spec, way, Extent(extent or Extent.WHOLE), selection, terms, slos, folder, OnFailure(on_failure)
    )
    is_part = extent or selection in (Selection.NONE, Selection.SMOKE)
    link = point_latest(folder, LATEST_SELECTION if is_part else LATEST)
    click.echo("\n".join(["", *lines, *(f"  {link / name}" for name in (PAGE, FILE, JUNIT, LOGS))]))
    if ended_by is not None:
        raise ended_by
    ctx.exit(answer.exit_code)


def _whatever_the_subjects(
    strategy: str, source: str, nodes: int, slos: Path | None
) -> tuple[Provider, Strategy, Terms]:
    """What the options ask for, but for the subjects. Raises UsageError, before anything is made, if it cannot be."""
    from gauntlet.upgrade.size import require_carried
    from gauntlet.upgrade.strategy import Strategy
    from gauntlet.upgrade.terms import Terms

    require_carried(nodes)
    way, terms = Strategy.parse(strategy), Terms.read(slos)
    maker = _maker(source)
    way.roll([f"node-{number}" for number in range(1, nodes + 1)])
    return maker, way, terms


def _shared(
    strategy: str, extent: str | None, cases: str | None, on_failure: str, source: str, nodes: int, slos: Path | None
) -> list[str]:
    """The options that the pairs of a matrix have in common."""
    flags = [*(["--quick"] if extent else []), *([] if cases is None else [_FLAGS[cases]])]
    promises = [] if slos is None else ["--slos", str(slos.absolute())]
    place = ["--provider", source, "--nodes", str(nodes)]
    return ["--strategy", strategy, *place, "--on-failure", on_failure, *promises, *flags]


def _maker(source: str) -> Provider:
    """Raises UsageError for a provider whose clusters are somebody's."""
    from gauntlet.providers import provider

    maker = provider(source)
    if not maker.makes_clusters:
        raise UsageError(
            f"{source} clusters are somebody's: the gauntlet does not replace their kube-proxies",
            "choose a provider that makes clusters, sandbox or kind",
        )
    return maker


def _spec(maker: Provider, today: Subject, following: Subject, nodes: int) -> ClusterSpec:
    """A cluster for both. Raises UsageError or EnvironmentUnfit if there cannot be one."""
    from gauntlet.cli.settings import LONGEST_SLUG
    from gauntlet.ground.cluster import NodeKernel
    from gauntlet.providers import ClusterSpec
    from gauntlet.providers.protocol import AUTO, chosen_kernel

    kernels = {chosen_kernel(maker, each.mode, AUTO) for each in (today, following)}
    kernel = NodeKernel.OWN if NodeKernel.OWN in kernels else NodeKernel.HOST
    name = f"upgrade-{today.slug[:LONGEST_SLUG]}-{secrets.token_hex(3)}"
    spec = ClusterSpec(name, today, replacements=(following,), nodes=nodes, kernel=kernel)
    maker.check(spec)
    return spec


def _undertake(
    maker: Provider,
    spec: ClusterSpec,
    way: Strategy,
    extent: Extent,
    selection: Selection,
    terms: Terms,
    slos: Path | None,
    folder: Path,
    on_failure: OnFailure,
) -> tuple[Answer, list[str], BaseException | None]:
    """Make the cluster, take it through the upgrade, write results.json into `folder`.

    `slos` is the folder of the user's own promises, which the cases are held to as well. Returns the answer, its page,
    and what the upgrade was broken off by.
    """
    from gauntlet.cli.publication import publish
    from gauntlet.cli.upgrade_cases import runner
    from gauntlet.ground import ending
    from gauntlet.kube.api import Api
    from gauntlet.providers.protocol import RollingCluster
    from gauntlet.report.results_file import LOGS, write
    from gauntlet.traffic.evidence import FOLDER as EVIDENCE
    from gauntlet.upgrade.gate import NAME, Plan, pass_through
    from gauntlet.upgrade.page import Heading, page
    from gauntlet.upgrade.phases import Side
    from gauntlet.upgrade.record import Run, recorded
    from gauntlet.upgrade.resolver import Dns

    output.outlive_readers()
    maker.prepare(spec, click.echo)
    started = datetime.now(UTC)
    subjects = dict(zip(Side, spec.subjects, strict=True))
    names = {side: each.name for side, each in subjects.items()}
    try:
        cluster = maker.create(spec)
        assert isinstance(cluster, RollingCluster)
        plan = Plan.of([node.name for node in cluster.nodes], way, extent, selection)
        run_cases = runner(cluster, selection, folder, slos)
        dns = Dns.for_upgrade_of(cluster, Api(cluster.api), click.echo)
        with cluster.serving():
            seen = pass_through(cluster, subjects, plan, terms, folder, run_cases, dns, click.echo, on_failure)
        evidence = (f"{EVIDENCE}/{NAME}",)
        command, hold_s = ["gauntlet", *sys.argv[1:]], terms.promised.slo.roll.hold_s
        results = recorded(Run(cluster, names, way, command, started, evidence, hold_s), seen)
        write(results, folder)
    finally:
        with ending.held_back():
            keep_logs(maker, spec.name, folder / LOGS)
            maker.delete(spec.name)
    publish(results, folder)
    were = {each.name: f"{each.mode} mode of kube-proxy {each.version}" for each in cluster.subjects}
    today, following = names[Side.FROM], names[Side.TO]
    heading = Heading(today, following, were[today], were[following], str(way), len(cluster.nodes), seen.aftermath)
    shown = page(heading, seen.judgement, seen.observations, seen.history, seen.plan)
    return seen.judgement.answer, list(shown), seen.ended_by


def keep_logs(maker: Provider, name: str, into: Path) -> None:
    """Copy what the cluster has logged, as far as it was made: with the cluster its logs are gone.

    That it cannot be done is said, and hides nothing of how the upgrade ended.
    """
    if not maker.knows(name):
        return
    try:
        maker.keep_logs(name, into)
    except GauntletError as error:
        click.echo(str(error), err=True)
