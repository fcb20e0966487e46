"""The same done to several nodes at the same time, in a way that an interrupted run does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from gauntlet.ground.errors import GauntletError

T = TypeVar("T")


def side_by_side(deed: Callable[[str], T], names: Sequence[str]) -> list[T]:
    """What `deed` returns for each of these names, in their order. Raises GauntletError if it raised for one of them.

    Ctrl-C ends the wait at once. The threads of a ThreadPoolExecutor would be waited for, by it and at the end of the
    process: for a minute if a kube-proxy does not serve.
    """
    done: dict[str, T] = {}

    def run(name: str) -> None:
        done[name] = deed(name)

    threads = [threading.Thread(target=run, args=(name,), name=f"node {name}", daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken := [name for name in names if name not in done]:
        raise GauntletError(f"{', '.join(broken)}: an error that nobody foresaw; its traceback stands above")
    return [done[name] for name in names]
