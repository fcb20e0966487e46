"""`gauntlet run`: the suites on a cluster for each of what is to be tested, and their verdicts."""

from __future__ import annotations

from pathlib import Path

import click

from gauntlet.cli.origin import from_source, obey
from gauntlet.cli.pytest_arguments import BeforePytest, last_value, names_a_cluster, without
from gauntlet.ground import screen
from gauntlet.ground.choice import exclusive
from gauntlet.ground.names import require_given
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
  gauntlet run --subjects iptables@1.36,iptables@1.37
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
    "--subjects",
    "--kp-subjects",
    "written",
    metavar="SUBJECT,SUBJECT",
    help="What to test, each on a cluster of its own: nftables@1.36, nftables@./kube-proxy, next=nftables@1.37+Gate.  "
    "[default: the profile's modes]",
)
@click.option("--modes", "--kp-modes", "modes", metavar="MODE,MODE", help="The same by mode alone.")
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
    ctx: click.Context,
    profile: str,
    written: str | None,
    modes: str | None,
    source: str,
    results: Path,
    pytest_args: tuple[str, ...],
) -> None:
    from gauntlet.build.binaries import DEFAULT_VERSION
    from gauntlet.cli import pytestrun
    from gauntlet.cli.conclusion import conclude
    from gauntlet.ground import paths
    from gauntlet.providers import programs, provider
    from gauntlet.report.run_folder import announced
    from gauntlet.subject import parse_all

    chosen = PROFILES[profile]
    from_where = provider(source)
    as_found = not from_where.makes_clusters or names_a_cluster(pytest_args)
    asked, rest = _asked(written, modes, pytest_args)
    if asked is None and not as_found:
        asked = ",".join(chosen.modes)
    subjects = () if asked is None else parse_all(asked, last_value(rest, "--kp-version") or DEFAULT_VERSION)
    root = paths.project_root()
    folder = results.absolute()
    named = [each.written for each in subjects]
    words = (f"--kp-provider={source}", *rest)
    options = pytest_options(chosen, named, folder, words, clusters=from_where.clusters_at_once)
    if not (pytestrun.LISTING | {"--kp-dry-run"}).isdisjoint(pytest_args):
        ctx.exit(pytestrun.exit_code(pytestrun.run_pytest(options, root)))
    pytestrun.require_writable(folder)
    obey(rest)
    for subject in subjects if not as_found else ():
        programs.ensure(subject, click.echo)
    click.echo(f"profile {profile}, subjects {', '.join(named) or 'as found'}: pytest {' '.join(options)}")
    with announced() as run_folder:
        code = pytestrun.run_pytest(options, root)
        ctx.exit(conclude(screen.console(), run_folder.folder(), code))


def _asked(written: str | None, modes: str | None, pytest_args: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The subjects that are asked for, here or among the words for pytest, and the words that are left of these.

    Paths in them begin where the command was given; pytest is started elsewhere.
    """
    asked = {"--subjects": written, "--modes": modes}
    for option, ours in (("--kp-subjects", "--subjects"), ("--kp-modes", "--modes")):
        given = last_value(pytest_args, option)
        if given is not None:
            asked[ours] = require_given(option, given)
            pytest_args = without(pytest_args, option)
    exclusive(asked, "--modes is the short form: give --subjects alone")
    named = {option: value for option, value in asked.items() if value is not None}
    if "--modes" in named:
        return ",".join(parse_modes(named["--modes"])), pytest_args
    if "--subjects" in named:
        return require_given("--subjects", named["--subjects"]), pytest_args
    return None, pytest_args
