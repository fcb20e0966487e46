"""Has this machine's own kernel what a proxy mode needs, and does a guest's run? Tried, in a world of its own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit
from gauntlet.nodes.command import TIMED_OUT
from gauntlet.providers.sandbox import uml, world, xstate

_RUN_FOLDER = "/run"
_UP = "gauntlet-guest-is-up"
# kube-proxy 1.25 raises its limit to this number where it proxies by itself (pkg/proxy/userspace, rlimit).
_USERSPACE_FILES = 64000
_TRIAL_TOOLS: Mapping[ProxyMode, Mapping[str, str]] = {ProxyMode.IPVS: {"ipset": "ipset", "ipvsadm": "ipvsadm"}}
_TRIALS: Mapping[ProxyMode, str] = {
    ProxyMode.IPVS: (
        "ip link add kube-ipvs0 type dummy && ipset create t hash:ip,port && "
        "ipvsadm -A -t 192.0.2.1:80 -s rr && ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.2:80 -m"
    ),
    ProxyMode.USERSPACE: f"ulimit -n {_USERSPACE_FILES}",
}


def host_lacks(mode: ProxyMode) -> str | None:
    """What this machine's kernel lacks for kube-proxy in this mode, in the kernel's own words; None if nothing.

    Raises EnvironmentUnfit where programs to try it with are missing, with the apt-get line, or no world can be made.
    """
    trial = _TRIALS.get(mode)
    if trial is None:
        return None
    world.require_programs(_TRIAL_TOOLS.get(mode, {}))
    done = world.attempt(world.flags(), trial)
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"the trial ended with {done.returncode}").splitlines()[-1]


def guest_fails(kernel: uml.Kernel | None = None) -> str | None:
    """Why no guest boots here, with this kernel or the one that guests have, in its last words; None where one does.

    Raises EnvironmentUnfit where programs are missing, with the one apt-get line, where no world can be made, and where
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
