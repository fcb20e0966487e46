"""A Chaos Toolkit control that ends an experiment at its first failed step and leaves nothing injected behind.

Chaos Toolkit itself goes on after a failed step, takes an experiment whose steady state did not hold before for a
completed one, and after Ctrl-C plays no rollbacks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

from chaoslib.exceptions import InterruptExecution

from gauntlet.faults.chaos import faults
from gauntlet.faults.chaos.service import remove
from gauntlet.faults.chaos.target import Configuration, target_of
from gauntlet.faults.chaos.timing import refuse_early_timer
from gauntlet.faults.heal import heal
from gauntlet.ground import ending
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.journal import lock

# What Chaos Toolkit hands over of its own dictionaries: an experiment or activity, and how its run went.
Context: TypeAlias = Mapping[str, Any]
Run: TypeAlias = MutableMapping[str, Any]

# Chaos Toolkit shows what is logged under its own name.
_log = logging.getLogger("chaostoolkit")

# Kubeconfigs of the experiments that were let begin and have not ended.
_begun: set[object] = set()


def before_experiment_control(context: Context, configuration: Configuration) -> None:
    """Refuse a configuration that leads nowhere, or to a cluster that another process uses.

    Otherwise the cluster is this process's from now on, what an earlier run left in it is healed, and the account of
    faults is clean. From here on SIGINT and SIGTERM end the experiment and whoever runs it: Chaos Toolkit has just made
    SIGTERM end the experiment alone (chaoslib.exit), and leaves SIGINT ignored where it was.
    """
    ending.obey()
    try:
        cluster = target_of(configuration).cluster
        lock.take(cluster.provider, cluster.name)
        for healed in heal(cluster):
            _log.warning("%s: %s of an earlier run was left injected and is healed now", cluster.name, healed.fault_id)
        faults.forget(cluster.name)
        refuse_early_timer(context, configuration)
    except GauntletError as error:
        raise InterruptExecution(f"{context.get('title')}: {error}") from error
    _begun.add(configuration["kubeconfig"])


def after_hypothesis_control(context: Context, state: Run, configuration: Configuration) -> None:
    """Stop if the steady state does not hold before the method: Chaos Toolkit calls that completed, and ends with 0."""
    if state["steady_state_met"] is False and not faults.was_injected(target_of(configuration).cluster.name):
        probe = state["probes"][-1]
        raise InterruptExecution(
            f"the steady state ({context.get('title')}) did not hold before: {probe['activity']['name']} gave "
            f"{probe['output']!r}; nothing was injected"
        )


def after_activity_control(context: Context, state: Run) -> None:
    """Stop at a step that failed: what follows would measure something else than it says."""
    if state.get("status") == "failed":
        words = state.get("exception")
        reason = words[-1] if isinstance(words, Sequence) and words else "no reason given"
        raise InterruptExecution(f"{context.get('name')}: {str(reason).strip()}")


def after_experiment_control(context: Context, state: Run, configuration: Configuration) -> None:
    """Heal what is still injected and remove what was made, also after Ctrl-C and after a failed step.

    Nothing to do, and nothing to complain about, if the experiment was refused before it began.
    """
    if configuration.get("kubeconfig") not in _begun:
        return
    _begun.discard(configuration["kubeconfig"])
    title = context.get("title")
    try:
        with ending.held_back():
            name = target_of(configuration).cluster.name
            for healed in faults.heal_all(name):
                _log.warning("%s: %s was left injected and is healed now", title, healed)
            if "prepare" in _functions(state):
                remove(configuration)
    except GauntletError as error:
        # Chaos Toolkit drops exceptions of controls unseen; the journal still holds the fault.
        _log.critical("%s: not everything could be healed and removed: %s\nrun `gauntlet heal`", title, error)
        if state["status"] == "completed":
            state["status"] = "failed"
        return
    if not faults.was_injected(name) and state["status"] == "completed":
        _log.critical("%s: nothing was injected, so this run shows nothing", title)
        state["status"] = "failed"


def _functions(journal: Run) -> set[str]:
    """The functions of all steps of the method that were begun; a step that is no Python function has none."""
    return {step["activity"].get("provider", {}).get("func", "") for step in journal.get("run", [])}
