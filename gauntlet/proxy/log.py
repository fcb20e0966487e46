"""The log of kube-proxy, in klog's text format: its records of errors, and the mode that it started in."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What the kubelet's files have before each line (the format of CRI logs).
_CRI = re.compile(r"^\S+ std(?:out|err) [FP] ", re.MULTILINE)
_RECORD = re.compile(r"^(?=[IWEF]\d{4} \d\d:\d\d:\d\d)", re.MULTILINE)
# The last start counts. 1.25 and older wrote "Using userspace Proxier." as well.
_USING = re.compile(r"Using (\w+) Proxier", re.IGNORECASE)


def errors(log: str) -> Iterator[str]:
    """The errors in this log, each with the lines that belong to it."""
    return (each for each in _RECORD.split(_CRI.sub("", log)) if each.startswith("E"))


def mode_in(log: str) -> str:
    """The mode that the last start in this log names, in small letters; empty if none does."""
    found = _USING.findall(log)
    return str(found[-1]).lower() if found else ""
