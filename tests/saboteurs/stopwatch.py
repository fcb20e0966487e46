"""A pytest plugin: writes when each case reported, in seconds from the start of the run, to the file of --stopwatch."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest


class Stopwatch:
    """For the process that reports, which is none of xdist's workers."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._seconds[report.nodeid] = time.monotonic() - self._began

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._seconds), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stopwatch", type=Path, help="file for the seconds after which each case reported")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch(config.getoption("stopwatch")))
