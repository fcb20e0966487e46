"""What a version or a mode of kube-proxy will do to this cluster, before anything runs.

Gathering (the cluster check's, and `equipment`) is apart from judging (pure functions over moves). What differs by
version or mode stands in gauntlet/proxy/: in the modes' files and in `changes`.
"""

from __future__ import annotations

from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.looking import look_ahead, looked_ahead
from gauntlet.doctor.lookahead.outlook import Outlook

__all__ = ["Goal", "Outlook", "look_ahead", "looked_ahead"]
