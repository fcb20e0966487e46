"""A Chaos Toolkit control that ends an experiment at its first failed step and leaves nothing injected behind.

Chaos Toolkit itself goes on after a failed step, and after Ctrl-C it plays no rollbacks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from chaoslib.exceptions import InterruptExecution

from gauntlet.chaos import faults
from gauntlet.chaos.service import remove
from gauntlet.chaos.target import Configuration, target_of
from gauntlet.errors import GauntletError

# What Chaos Toolkit hands over of its own dictionaries: an experiment or activity, and how its run went.
Context: TypeAlias = Mapping[str, object]
Run: TypeAlias = Mapping[str, object]

# Chaos Toolkit shows what is logged under its own name.
_log = logging.getLogger("logzero_default")


def before_experiment_control(context: Context, configuration: Configuration) -> None:
    """Refuse a configuration that leads nowhere, and start with a clean account of faults."""
    try:
        faults.forget(target_of(configuration).cluster.name)
    except GauntletError as error:
        raise InterruptExecution(f"{context.get('title')}: {error}") from error


def after_activity_control(context: Context, state: Run) -> None:
    """Stop at a step that failed: what follows would measure something else than it says."""
    if state.get("status") == "failed":
        words = state.get("exception")
        reason = words[-1] if isinstance(words, Sequence) and words else "no reason given"
        raise InterruptExecution(f"{context.get('name')}: {str(reason).strip()}")


def after_experiment_control(context: Context, configuration: Configuration) -> None:
    """Heal what is still injected and remove what was made, also after Ctrl-C and after a failed step."""
    try:
        for healed in faults.heal_all(target_of(configuration).cluster.name):
            _log.warning("%s: %s was left injected and is healed now", context.get("title"), healed)
        remove(configuration)
    except GauntletError as error:
        # Chaos Toolkit drops exceptions of controls unseen; the journal still holds the fault.
        _log.critical(
            "%s: not everything could be healed and removed: %s\nrun `gauntlet heal`", context.get("title"), error
        )
