"""The declared cases of one cluster: runs them in batches, and has what came of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.errors import GauntletError, Inconclusive
from gauntlet.workload.catalogue.batch import Batch, Tools
from gauntlet.workload.catalogue.course import Course
from gauntlet.workload.catalogue.pods import Pods
from gauntlet.workload.catalogue.step import Steps

# So many cases at once. More of them make the waiting rarer, and the rules of a node longer.
TOGETHER = 100
# A guest writes the rules of each Service anew, by processes that it starts slowly.
TOGETHER_ON_GUESTS = 25

Declares = Callable[[Pods], Steps]


class Catalogue:
    """`cases` are all that are to run, by their keys, in their order; `together` of them make a batch."""

    def __init__(self, tools: Tools, cases: Mapping[str, Declares], together: int = TOGETHER) -> None:
        self._tools = tools
        self._cases = cases
        self._together = together
        self._done: dict[str, Course] = {}

    @property
    def tools(self) -> Tools:
        return self._tools

    def course(self, key: str) -> Course:
        """What came of a case. If it has not run yet, its batch runs now."""
        if key not in self._done:
            keys = list(self._cases)
            begin = keys.index(key) // self._together * self._together
            self._run(keys[begin : begin + self._together])
        return self._done[key]

    def _run(self, keys: list[str]) -> None:
        courses = [Course(key, f"c{number:02}") for number, key in enumerate(keys, start=1)]
        self._done |= {each.key: each for each in courses}
        self._declare(courses)
        try:
            Batch(self._tools, courses).run()
        except GauntletError as error:
            for each in courses:
                each.trouble = each.trouble or error
        finally:
            for each in courses:
                if each.trouble is None and len(each.records) < len(each.steps):
                    each.trouble = Inconclusive("the cases that were asked together were broken off", "run them again")

    def _declare(self, courses: list[Course]) -> None:
        """Whatever one of the functions raises is its own case's."""
        with ThreadPoolExecutor(1) as pool:
            made = [pool.submit(self._cases[each.key], self._tools.pool.pods) for each in courses]
            for course, steps in zip(courses, made, strict=True):
                course.trouble = steps.exception()
                course.steps = () if course.trouble is not None else steps.result()
                if course.trouble is None and not course.steps:
                    course.trouble = Inconclusive("the case declares no step", "return a tuple of steps")
