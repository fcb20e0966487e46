"""The namespaces of a cluster's cases, and when they go."""

from __future__ import annotations

from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.workload import namespace as namespaces

# With one at a time a case in ipvs mode waited 7 to 13 s for its Service, without the one before it 4 s (2026-11-27).
# Their pods cost their probes, each second.
OWN_KERNEL_TOGETHER = 8
GONE_DEADLINE_S = 60.0


class CaseNamespaces:
    """Gives each case a namespace, and deletes those of finished cases `together` at a time, in the background.

    `finished` are those not yet deleted, `earlier` those of earlier runs, on a kept cluster. A Service that goes
    costs kube-proxy the same syncs as one that comes, and the next case waits for them; one, two or eight that go at
    once cost as much.
    """

    def __init__(self, api: Api, together: int) -> None:
        self.finished: list[str] = []
        self.earlier = namespaces.with_services(api)
        self._api = api
        self._together = together

    def create(self, purpose: str) -> str:
        return namespaces.create(self._api, purpose)

    def create_longest(self) -> str:
        """One whose name is as long as may be."""
        return namespaces.create(self._api, "o" * namespaces.MOST_OF_A_NAME, namespaces.MOST_OF_A_NAME)

    def finish(self, name: str) -> None:
        self.finished.append(name)
        if len(self.finished) >= self._together:
            self.delete_finished()

    def delete_finished(self) -> None:
        while self.finished:
            namespaces.delete(self._api, self.finished.pop())

    def await_gone(self, *staying: str) -> None:
        """Wait until no Service is about to go: all are in these namespaces, or in those that are not yet deleted.

        Raises NotInTime if one is still there after a minute.
        """
        expected = {"default", *staying, *self.finished, *self.earlier}
        until(
            lambda: namespaces.with_services(self._api) <= expected,
            what="the Services of earlier cases are gone",
            deadline_s=GONE_DEADLINE_S,
            every_s=0.25,
        )
