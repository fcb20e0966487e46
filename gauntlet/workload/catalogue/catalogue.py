"""The declared cases of one cluster: runs them in batches, and has what came of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.errors import GauntletError, Inconclusive
from gauntlet.workload.catalogue.batch import Batch, Tools
from gauntlet.workload.catalogue.course import Course
from gauntlet.workload.catalogue.pods import Pods
from gauntlet.workload.catalogue.step import Steps

# So many cases at once. More of them make the waiting rarer, and the rules of a node longer.
TOGETHER = 100
# A guest writes the rules of each Service anew, by processes that it starts slowly.
TOGETHER_ON_GUESTS = 50
# Flows that nobody answers use up what a kernel refuses a client (gauntlet/traffic/refusal_limit.py), unless it refuses
# as often as it is asked.
WITH_FLOWS, WITH_FLOWS_REFUSED_FREELY = 15, 25

Declares = Callable[[Pods], Steps]


class Catalogue:
    """`cases` are all that are to run, by their keys, in their order; `together` of them make a batch.

    Those with flows are batches of their own, smaller ones of `with_flows`. Cases that are to run `alone` share their
    batch with nobody: what others change makes kube-proxy clean up, which would hide that it does not do so by itself.
    """

    def __init__(
        self,
        tools: Tools,
        cases: Mapping[str, Declares],
        together: int = TOGETHER,
        alone: Collection[str] = (),
        with_flows: int = WITH_FLOWS,
    ) -> None:
        self._tools = tools
        self._cases = cases
        self._together = together
        self._alone = alone
        self._with_flows = min(with_flows, together)
        self._batches: dict[str, list[Course]] = {}
        self._done: set[str] = set()

    def course(self, key: str) -> Course:
        """What came of a case. If it has not run yet, its batch runs now."""
        if not self._batches:
            self._declare()
        batch = self._batches[key]
        if key not in self._done:
            self._done |= {each.key for each in batch}
            self._run(batch)
        return next(each for each in batch if each.key == key)

    def _run(self, courses: list[Course]) -> None:
        try:
            Batch(self._tools, courses).run()
        except GauntletError as error:
            for each in courses:
                each.trouble = each.trouble or error
        finally:
            for each in courses:
                if each.trouble is None and len(each.records) < len(each.steps):
                    each.trouble = Inconclusive("the cases that were asked together were broken off", "run them again")

    def _declare(self) -> None:
        """Learn the steps of all cases. Whatever one of the functions raises is its own case's."""
        courses = [Course(key, f"c{number:02}") for number, key in enumerate(self._cases, start=1)]
        with ThreadPoolExecutor(1) as pool:
            made = [pool.submit(self._cases[each.key], self._tools.pool.pods) for each in courses]
            for course, steps in zip(courses, made, strict=True):
                course.trouble = steps.exception()
                course.steps = () if course.trouble is not None else steps.result()
                if course.trouble is None and not course.steps:
                    course.trouble = Inconclusive("the case declares no step", "return a tuple of steps")
        for batch in grouped(courses, self._together, self._alone, self._with_flows):
            self._batches |= {each.key: batch for each in batch}


def grouped(
    courses: Sequence[Course], together: int, alone: Collection[str], with_flows: int
) -> Iterator[list[Course]]:
    """The batches: those that run alone, those with flows and all others are never in one."""
    single = [each for each in courses if each.key in alone]
    flowing = [each for each in courses if each not in single and any(step.flows for step in each.steps)]
    still = [each for each in courses if each not in single and each not in flowing]
    yield from batches(still, together)
    yield from batches(flowing, with_flows)
    yield from batches(single, 1)


def batches(courses: Sequence[Course], together: int) -> Iterator[list[Course]]:
    """So many at a time, those with the most steps first: a batch takes as many steps as the longest of its cases."""
    longest_first = sorted(courses, key=lambda each: -len(each.steps))
    for begin in range(0, len(longest_first), together):
        yield longest_first[begin : begin + together]
