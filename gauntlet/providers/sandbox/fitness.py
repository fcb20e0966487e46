"""Has this machine's own kernel what a proxy mode needs, and does a guest's run? Tried, in a world of its own."""

from __future__ import annotations

import shlex

from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit
from gauntlet.nodes.command import TIMED_OUT
from gauntlet.providers.sandbox import uml, world, xstate
from gauntlet.proxy.modes import traits
from gauntlet.proxy.tools import Tools, trial
from gauntlet.proxy.traits import Trial

_RUN_FOLDER = "/run"
_UP = "gauntlet-guest-is-up"


def host_lacks(mode: ProxyMode) -> str | None:
    """What this machine's kernel lacks for kube-proxy in this mode, in the kernel's own words; None if nothing.

    Raises EnvironmentUnfit if programs to try it with are missing, with the apt-get line, or no world can be made.
    """
    needed = _trial(mode)
    if needed is None:
        return None
    world.require_programs(needed.tools)
    return _lacks(needed.script)


def host_lacks_tools(tools: Tools) -> str | None:
    """Why nodes on this machine's kernel cannot have these iptables; None if they can."""
    return _lacks(trial(tools))


def _lacks(script: str) -> str | None:
    """The last words of this trial in a world of its own; None if it succeeds."""
    done = world.attempt(world.flags(), script)
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"the trial ended with {done.returncode}").splitlines()[-1]


def _trial(mode: ProxyMode) -> Trial | None:
    return traits(mode).trial


def guest_fails(kernel: uml.Kernel | None = None) -> str | None:
    """Why no guest boots here, with this kernel or the one that guests have, in its last words; None if one does.

    Raises EnvironmentUnfit if programs are missing, with the one apt-get line, where no world can be made, and where
    it takes so long that nothing can be said.
    """
    world.require_tools(NodeKernel.OWN)
    # It ends by a panic, as it is to: its first process says the word and is gone.
    boot = shlex.join(uml.command(kernel or uml.kernel(), (), _RUN_FOLDER, ["/bin/echo", _UP]))
    tried = world.attempt(world.flags(), f"{boot} 2>&1 || true", xstate.environment())
    if _UP in tried.stdout:
        return None
    if tried.returncode == TIMED_OUT:
        raise EnvironmentUnfit(f"a guest that is tried says nothing: {tried.stderr}", "end what keeps the machine busy")
    return " ".join(uml.last_words(tried.stdout)[-2:]) or tried.stderr.strip() or "it says nothing"
