"""The file results.json: written whole, read with clear errors; its JSON Schema is committed beside the report.

`python -m gauntlet.report.results_file` prints that schema.
"""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path

from pydantic import ValidationError

from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.report import results_v1
from gauntlet.report.results import SCHEMA, Results

FILE = "results.json"
# Folder, in that of a run, of the logs of clusters in which something did not pass.
LOGS = "logs"
READ = (SCHEMA, results_v1.SCHEMA)


def write(results: Results, folder: Path) -> Path:
    """Write `folder/results.json`, whole or not at all, and return its path."""
    text = results.model_dump_json(by_alias=True, indent=2) + "\n"
    return write_whole(folder / FILE, text)


def write_whole(path: Path, text: str) -> Path:
    """Replace the file at `path` by `text` in one step: a reader sees the old or the new, never a half.

    Raises UsageError if the folder is not writable, EnvironmentUnfit if the disk is full.
    """
    try:
        replace_file(path, text)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return path


def load(folder: Path) -> Results:
    """Read `folder/results.json`, also one of an older schema.

    Raises UsageError if there is none, or none that can be understood.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path}",
            "name the folder of a run: results/latest, or results/latest-selection after a run of some cases",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "run the gauntlet again to make a new one") from error
    try:
        return results_v1.read(text) if _schema_of(text) == results_v1.SCHEMA else Results.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{path} {_misfit(text, error)}", _cure(text)) from None


def json_schema() -> dict[str, object]:
    """The JSON Schema of results.json as `write` writes it."""
    schema = Results.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def unwritable(folder: Path, error: OSError) -> GauntletError:
    """The error for a folder of results that cannot be written: the disk is full, or the folder is wrong."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentUnfit(
            f"no space is left for results in {folder}: {error.strerror}",
            "free some space, or choose another folder with --kp-results",
        )
    return UsageError(
        f"the results folder {folder} is not writable: {error.strerror}",
        "choose a folder you may write to with --kp-results, or correct its owner and permissions",
    )


def _schema_of(text: str) -> str | None:
    """The `schema` that a file claims; None if it claims none or is not JSON."""
    try:
        claimed = json.loads(text)
    except ValueError:
        return None
    schema = claimed.get("schema") if isinstance(claimed, dict) else None
    return schema if isinstance(schema, str) else None


def _misfit(text: str, error: ValidationError) -> str:
    schema = _schema_of(text)
    if schema not in (None, *READ):
        return f"is of schema {schema!r}; this gauntlet reads {' and '.join(map(repr, READ))}"
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"is not a results file: {where + ': ' if where else ''}{first['msg']}"


def _cure(text: str) -> str:
    if _schema_of(text) not in (None, *READ):
        return "read it with the version of the gauntlet that wrote it (its `tool` field), or run again"
    return "the file was cut short, edited or written by another version: run the gauntlet again to make a new one"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
