"""What a run asks for of kind clusters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KindOptions:
    """What pytest-kind's options ask for: a node image, and paths of programs. Empty where nothing is."""

    image: str = ""
    kind: str = ""
    kubectl: str = ""
