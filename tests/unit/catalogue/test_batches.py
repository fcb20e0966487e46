"""Cases with many steps share a batch, so that the others need not wait for them."""

from __future__ import annotations

from gauntlet.workload.catalogue.catalogue import batches
from gauntlet.workload.catalogue.course import Course
from gauntlet.workload.catalogue.step import Step


def course(key: str, steps: int) -> Course:
    return Course(key, key, tuple(Step(f"step {number}", {}) for number in range(steps)))


def test_the_longest_go_together_and_each_case_is_in_one_batch() -> None:
    courses = [course(str(number), 1 + number % 4) for number in range(10)]

    made = list(batches(courses, 4))

    assert [[len(each.steps) for each in batch] for batch in made] == [[4, 4, 3, 3], [2, 2, 2, 1], [1, 1]]
    assert sorted(each.key for batch in made for each in batch) == sorted(each.key for each in courses)
