"""What Go wrote into a program that it built: with which Go, for which machine."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

# Go's debug/buildinfo: a header at a multiple of 16, then two strings, each after its length as a varint.
_MAGIC = b"\xff Go buildinf:"
_ALIGNMENT = 16
_STRINGS_FOLLOW = 0x2
_FLAGS_AT, _STRINGS_AT = 15, 32
_LONGEST = 1 << 20


def banner(program: Path) -> str | None:
    """What `go version` said where this program was built ("go version go1.26.8 linux/amd64"); None if Go did not.

    Raises OSError if it cannot be read.
    """
    with program.open("rb") as file:
        if not program.stat().st_size:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            at = content.find(_MAGIC)
            # The words also stand in programs that look for them in others.
            while at >= 0 and (at % _ALIGNMENT or not content[at + _FLAGS_AT] & _STRINGS_FOLLOW):
                at = content.find(_MAGIC, at + 1)
            if at < 0:
                return None
            release, rest = _string(content[at + _STRINGS_AT : at + _STRINGS_AT + _LONGEST])
            settings, _ = _string(rest)
    found = dict(re.findall(rb"^build\t(GOOS|GOARCH)=(\w+)$", settings, re.MULTILINE))
    if not found.keys() >= {b"GOOS", b"GOARCH"}:
        return None
    return f"go version {release.decode()} {found[b'GOOS'].decode()}/{found[b'GOARCH'].decode()}"


def _string(data: bytes) -> tuple[bytes, bytes]:
    """The string at the beginning, and what follows it."""
    length = shift = read = 0
    for byte in data:
        length |= (byte & 0x7F) << shift
        shift += 7
        read += 1
        if byte < 0x80:
            break
    return data[read : read + length], data[read + length :]
