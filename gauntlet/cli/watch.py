"""`gauntlet watch`: what does somebody else's change cost the clients of a cluster?"""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gauntlet.cli.cluster_options import cluster_options
from gauntlet.cli.span import Span
from gauntlet.ground.errors import UsageError

if TYPE_CHECKING:
    from gauntlet.providers.existing.options import ExistingOptions
    from gauntlet.upgrade.terms import Terms
    from gauntlet.upgrade.verdict import Answer
    from gauntlet.upgrade.watch.course import Order
    from gauntlet.upgrade.watch.target import Reach

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Watch a cluster while somebody else changes it, and judge what that cost.")
@cluster_options()
@click.option("--unprivileged", "reach", flag_value="clients", help="Client pods alone: no privileged pod on any node.")
@click.option(
    "--for", "for_s", type=Span(), help="Without a command: watch for so long (30m).  [default: until Ctrl-C]"
)
@click.option(
    "--timeout", "timeout_s", type=Span(), help="End the command if it has not ended by itself after so long."
)
@click.option(
    "--rest", "rest_s", type=Span(), default="10m", show_default=True, help="Wait so long for rest after the command."
)
@click.option("--slos", type=_FOLDER, help="Folder with what differs from slos/: upgrade.yaml, accepted.yaml.")
@click.option(
    "--results",
    type=_FOLDER,
    default=Path("results"),
    show_default=True,
    help="Folder that keeps one subfolder for each run.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def watch(
    ctx: click.Context,
    *,
    cluster: ExistingOptions,
    reach: str | None,
    for_s: float | None,
    timeout_s: float | None,
    rest_s: float,
    slos: Path | None,
    results: Path,
    command: tuple[str, ...],
) -> None:
    """Watch a cluster while COMMAND changes it, and judge what that cost the clients of its Services.

    Traffic flows from a client pod on each node and, unless --unprivileged, in the network of nodes and from this
    machine. Then the command runs, and when it has ended and the cluster is at rest, the promises of slos/upgrade.yaml
    are held against what was seen: who lost what, for how long, at which node, beside what happened to nodes and
    kube-proxies. Without a command it watches until Ctrl-C, or for as long as --for says.

    The cluster is one that the gauntlet made (gauntlet cluster up), or somebody's with the marker (gauntlet adopt), or
    the one that --allow-context names. Nodes that come or go are events, not errors. docs/watch.md has more.

    \b
    Examples:
      gauntlet watch -- kubectl -n kube-system rollout restart daemonset/kube-proxy
      gauntlet watch --context staging --timeout 1h -- ./upgrade-nodes.sh
      gauntlet watch --unprivileged --for 30m

    Exit codes: 0 the promises were kept; 1 they were not, or that cannot be told, or the command failed; 2 wrong usage,
    or this machine lacks something.
    """
    from gauntlet.report.junit import FILE as JUNIT
    from gauntlet.report.making import PAGE
    from gauntlet.report.results_file import FILE
    from gauntlet.report.run_folder import LATEST_SELECTION, new_run, point_latest
    from gauntlet.upgrade.terms import Terms
    from gauntlet.upgrade.watch.command import OUTPUT, require
    from gauntlet.upgrade.watch.course import Order
    from gauntlet.upgrade.watch.target import Reach

    if command and for_s is not None:
        raise UsageError("--for is for a watch without a command", "a command is watched until it ends; see --timeout")
    if not command and timeout_s is not None:
        raise UsageError("--timeout is for a command, and there is none", "give one after --, or use --for")
    require(command)
    terms = Terms.read(slos)
    order = Order(command, timeout_s, for_s, rest_s)
    folder = new_run(results.absolute())
    answer, lines = _undertake(cluster, Reach(reach or Reach.NODES), order, terms, folder)
    link = point_latest(folder, LATEST_SELECTION)
    names = [PAGE, FILE, JUNIT, *([OUTPUT] if command else [])]
    click.echo("\n".join(["", *lines, *(f"  {link / name}" for name in names)]))
    ctx.exit(answer.exit_code)


def _undertake(
    options: ExistingOptions, reach: Reach, order: Order, terms: Terms, folder: Path
) -> tuple[Answer, list[str]]:
    """Watch, judge, and write results.json into `folder`; the answer, and its page."""
    from gauntlet.cli.publication import publish
    from gauntlet.ground import output
    from gauntlet.report.results_file import write
    from gauntlet.traffic.evidence import FOLDER as EVIDENCE
    from gauntlet.upgrade.limits import unresolved
    from gauntlet.upgrade.watch.course import CHANGE
    from gauntlet.upgrade.watch.judging import judged
    from gauntlet.upgrade.watch.losses import losses
    from gauntlet.upgrade.watch.page import Heading, page, untold
    from gauntlet.upgrade.watch.record import Run, recorded
    from gauntlet.upgrade.watch.screen import shown
    from gauntlet.upgrade.watch.target import opened
    from gauntlet.upgrade.watch.watching import NAME as WATCH
    from gauntlet.upgrade.watch.watching import watch

    output.outlive_readers()
    started = datetime.now(UTC)
    hold_s = terms.promised.slo.roll.hold_s
    with opened(options, reach) as watched:
        cluster = watched.cluster
        with shown() as show:
            seen = watch(watched, order, folder, show)
        found = judged(seen.history, seen.setting, seen.passed, terms, cluster.subject.name, started.date())
        part = found.parts.get(CHANGE.name)
        addresses = {address: node.name for node in watched.nodes for address in node.addresses}
        lost = () if part is None else losses(part, hold_s, addresses)
        change = f"watch of {shlex.join(order.argv)}" if order.argv else "watch"
        nodes = len({*seen.passed.began, *seen.passed.ended} | {node.name for node in cluster.nodes})
        told = (*unresolved(found.observations), *untold(watched))
        run = Run(
            *(cluster, nodes, change, order.argv, ["gauntlet", *sys.argv[1:]], started, (f"{EVIDENCE}/{WATCH}",)),
            hold_s,
        )
        results = recorded(run, seen, found, lost, told)
        write(results, folder)
    publish(results, folder)
    heading = Heading(cluster.name, change, nodes)
    return found.judgement.answer, list(page(heading, seen, found, lost, told))
