"""YAML of people, read so that every value can be traced to its line.

Only plain data is made (maps with string keys, lists, strings, numbers, booleans, null). Tags that
make objects, aliases (a few lines of them can grow to gigabytes), duplicate keys, deep nesting and files above
256 KiB are refused. libyaml reads them, where PyYAML has it: some ten times as fast as PyYAML itself.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from gauntlet.ground.errors import UsageError

MAX_BYTES = 256 * 1024
# What is deeper than this nobody has written by hand, and libyaml's own limit is the stack.
MAX_DEPTH = 50
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Where = tuple[str | int, ...]

_COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_MERGE_TAG = "tag:yaml.org,2002:merge"


class YamlError(UsageError):
    """A file that is not the YAML it should be. The message begins with `FILE:LINE:`."""


@dataclass(frozen=True)
class YamlFile:
    """The value of a file, and the line (from 1) of each value in it by its path of keys and indices."""

    path: Path
    value: Plain
    lines: dict[Where, int]

    def line(self, where: Where) -> int:
        """The line of a value, or of the nearest value around it that the file has."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


def read(path: Path) -> YamlFile:
    """Read one document.

    Raises YamlError (a UsageError) where the file cannot be read, is no YAML, or holds more than plain data.
    """
    node = _compose(path, _text(path))
    lines: dict[Where, int] = {(): 1}
    return YamlFile(path, None if node is None else _plain(path, node, (), lines), lines)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from None
    if len(content) > MAX_BYTES:
        raise YamlError(f"{path}: longer than {MAX_BYTES // 1024} KiB", "split it, or check that it is the right file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlError(f"{path}:{line}: not UTF-8", "save the file as UTF-8") from None


def _compose(path: Path, text: str) -> yaml.Node | None:
    try:
        _require_flat(path, text)
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context
        raise YamlError(f"{path}:{line}: not valid YAML: {problem}", "correct the line") from None
    except yaml.YAMLError as error:
        raise YamlError(f"{path}:1: not valid YAML: {error}", "correct the file") from None
    return node


def _require_flat(path: Path, text: str) -> None:
    """Raise YamlError for an alias, and for what is nested too deeply to be composed by recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise _refused(path, event, "aliases (*name) are not allowed here")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refused(path, event, f"nested more than {MAX_DEPTH} levels deep")


def _refused(path: Path, event: yaml.Event, problem: str) -> YamlError:
    line = event.start_mark.line + 1 if event.start_mark else 1
    return YamlError(f"{path}:{line}: not valid YAML: {problem}", "correct the line")


def _plain(path: Path, node: yaml.Node, where: Where, lines: dict[Where, int]) -> Plain:
    line = node.start_mark.line + 1
    lines.setdefault(where, line)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTION_TAGS:
        raise YamlError(f"{path}:{line}: {_dotted(where)}: the tag {node.tag} is not allowed", "use plain data only")
    if isinstance(node, yaml.MappingNode):
        return _map(path, node, where, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, item, (*where, index), lines) for index, item in enumerate(node.value)]
    value = _scalar(path, node)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise YamlError(
        f"{path}:{line}: {_dotted(where)}: a {type(value).__name__} is not allowed here",
        "put it in quotes to make it a string",
    )


def _map(path: Path, node: yaml.MappingNode, where: Where, lines: dict[Where, int]) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        plain = isinstance(key_node, yaml.ScalarNode) and key_node.tag != _MERGE_TAG
        key = _scalar(path, key_node) if plain else None
        if not isinstance(key, str):
            shown = key_node.value if isinstance(key_node, yaml.ScalarNode) else "a list or map"
            raise YamlError(f"{path}:{line}: the key {shown!r} is not a string", "put it in quotes, or give it a name")
        if key in found:
            first = lines[(*where, key)]
            raise YamlError(
                f"{path}:{line}: {_dotted((*where, key))}: given twice (first on line {first})", "keep one of the two"
            )
        lines[(*where, key)] = line
        found[key] = _plain(path, value_node, (*where, key), lines)
    return found


def _scalar(path: Path, node: yaml.Node) -> Hashable:
    try:
        value: Hashable = yaml.constructor.SafeConstructor().construct_object(node, deep=True)
    except yaml.MarkedYAMLError as error:
        raise YamlError(f"{path}:{node.start_mark.line + 1}: {error.problem}", "use plain data only") from None
    except ValueError as error:
        raise YamlError(f"{path}:{node.start_mark.line + 1}: {error}", "correct the value") from None
    return value


def _dotted(where: Where) -> str:
    return ".".join(str(part) for part in where) or "the file"
