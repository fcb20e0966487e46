"""`gauntlet run`: the suites on a cluster for each of what is to be tested, and their verdicts."""

from __future__ import annotations

from pathlib import Path

import click

from gauntlet.cli.origin import from_source
from gauntlet.cli.pytest_arguments import BeforePytest, names_a_cluster
from gauntlet.ground import screen
from gauntlet.ground.profiles import PROFILES, parse_modes, pytest_options
from gauntlet.providers.registry import DEFAULT, provider_names


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


@click.command(cls=BeforePytest, short_help="Run the suites and print the verdicts.", help=_run_help())
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), default="gate", show_default=True, help="Which cases to run."
)
@click.option(
    "--modes", metavar="MODE,MODE", help="kube-proxy modes, each on a cluster of its own.  [default: the profile's]"
)
@click.option(
    "--provider",
    "source",
    type=click.Choice(provider_names()),
    default=DEFAULT,
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
@from_source
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
    from gauntlet.providers import provider
    from gauntlet.report.run_folder import announced

    chosen = PROFILES[profile]
    as_found = not provider(source).makes_clusters or names_a_cluster(pytest_args)
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
