"""A pytest plugin for listings: writes each case with why it would be skipped, as JSON, to the file of --case-list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--case-list", help="file for the cases of this listing")


def pytest_collection_finish(session: pytest.Session) -> None:
    skips = {item.nodeid: item.get_closest_marker("skip") for item in session.items}
    cases = {name: marker.kwargs["reason"] if marker else None for name, marker in skips.items()}
    Path(session.config.getoption("case_list")).write_text(json.dumps(cases), encoding="utf-8")
