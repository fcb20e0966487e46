"""Writer: makes the API server's Services and slices of one namespace those that are declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Api, ApiRefused, delete_if_there
from gauntlet.workload.changes import Change, Declarations, Kind, Transition, Verb, requests, transitions

THREADS = 8
# Addresses and node ports that one Service gives back are free for the next.
_ORDER = (Verb.DELETE, Verb.UPDATE, Verb.CREATE)


class ManifestRefused(ApiRefused):
    """The API server did not take a Service or a slice. `name` is namespace/name of it."""

    def __init__(self, change: Change, namespace: str, refusal: ApiRefused) -> None:
        super().__init__(refusal.method, refusal.path, refusal.status, refusal.words, refusal.fields)
        self.name = f"{namespace}/{change.name}"
        at = f" for {', '.join(refusal.fields)}" if refusal.fields else ""
        self.what = f"the API server refused to {change.verb} {change.kind} {self.name}{at}: {refusal.words}"
        self.remedy = "correct the declaration; a field that is immutable needs the Service deleted, and made again"


class Writer:
    """Safe to use from several threads, for different Services."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._paths = {
            Kind.SERVICE: f"/api/v1/namespaces/{namespace}/services",
            Kind.SLICE: f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
        }

    def apply(self, previous: Declarations, wanted: Declarations) -> Mapping[str, GauntletError]:
        """Create, change and delete what differs; returns as soon as the API has it.

        A Service of both that has the same name is changed, and keeps what the API server allocated for it. Whatever
        goes does so first. One that is refused spoils no other: the refusals are returned, by the Service's name.

        Raises GauntletError if two Services have one name, and ApiUnreachable.
        """
        every = transitions(previous, wanted)
        refused: dict[str, GauntletError] = {}
        with ThreadPoolExecutor(THREADS) as pool:
            for verb in _ORDER:
                names = [name for name, each in every.items() if each.verb is verb]
                answers = pool.map(self._follow, [every[name] for name in names])
                refused |= {name: each for name, each in zip(names, answers, strict=True) if each is not None}
        return refused

    def _follow(self, transition: Transition) -> GauntletError | None:
        try:
            asked: Sequence[Change] = tuple(requests(transition))
        except GauntletError as error:
            return error
        for change in asked:
            try:
                self._ask(change)
            except ApiRefused as refusal:
                return ManifestRefused(change, self._namespace, refusal)
        return None

    def _ask(self, change: Change) -> None:
        path = self._paths[change.kind]
        if change.verb is Verb.DELETE:
            delete_if_there(self._api, f"{path}/{change.name}")
        elif change.body is not None and change.verb is Verb.CREATE:
            self._api.post(path, change.body)
        elif change.body is not None:
            self._api.merge(f"{path}/{change.name}", change.body)
