"""The command `gauntlet`. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import os
from typing import Any

import click

from gauntlet import __version__
from gauntlet.cli.adoption import adopt
from gauntlet.cli.audit import audit
from gauntlet.cli.binaries import binaries
from gauntlet.cli.cluster_commands import cluster
from gauntlet.cli.compare import compare
from gauntlet.cli.doctor import doctor
from gauntlet.cli.heal import heal
from gauntlet.cli.images import images
from gauntlet.cli.inspection import inspect
from gauntlet.cli.known_defects import known_defects
from gauntlet.cli.lookahead import lookahead
from gauntlet.cli.report import report
from gauntlet.cli.run import run
from gauntlet.cli.upgrade import upgrade
from gauntlet.cli.versions import versions
from gauntlet.cli.watch import watch
from gauntlet.ground import ending
from gauntlet.ground.errors import ExitCode, GauntletError

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
# Ordinary users of Debian have no sbin folder in PATH, and that is where iptables lies.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class Command(click.Group):
    """A group of commands whose foreseen errors, and Ctrl-C, end in words and an exit code, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GauntletError as error:
            click.secho("error: ", fg="red", bold=True, err=True, nl=False)
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            # What was seen until then has been said, and kept; click's own word for it is "Aborted!".
            click.echo("interrupted", err=True)
            ctx.exit(ExitCode.FAILED)


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


for command in (
    run,
    upgrade,
    watch,
    lookahead,
    doctor,
    audit,
    cluster,
    inspect,
    heal,
    report,
    compare,
    known_defects,
    adopt,
    versions,
    binaries,
    images,
):
    main.add_command(command)
