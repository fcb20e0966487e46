"""matrix.json, and the page that is made of it: both written whole, side by side."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from gauntlet.ground.errors import UsageError
from gauntlet.report.results_file import write_whole
from gauntlet.upgrade.matrix import FILE, Matrix
from gauntlet.upgrade.matrix_page import markdown


def save(matrix: Matrix, folder: Path) -> Path:
    """Write `folder/matrix.json`."""
    return write_whole(folder / FILE, _text(matrix))


def publish(matrix: Matrix, page: Path) -> None:
    """Write the page, and beside it, under its name, the JSON that it is made of."""
    write_whole(page.with_suffix(".json"), _text(matrix))
    write_whole(page, markdown(matrix))


def read(path: Path) -> Matrix:
    """Raises UsageError for a file that is not there, or is not a matrix."""
    try:
        return Matrix.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} is not a matrix: {error}", "write it with gauntlet upgrade --matrix") from error


def _text(matrix: Matrix) -> str:
    return matrix.model_dump_json(by_alias=True, indent=2) + "\n"
