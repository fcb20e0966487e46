"""What a backend answers, read strictly: anything but a whole and plausible answer is a bad reply."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,6})", re.IGNORECASE)
# RFC 1123, section 2.1; the host name of a pod is its metadata.name
_HOST_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)


class BadReply(Exception):
    """A backend answered, but not what an agnhost backend answers."""


class WrongAnswer(BadReply):
    """A whole answer that is right in form, and says what is not so."""


@dataclass(frozen=True)
class HttpReply:
    """A whole HTTP reply with status 200, and the bytes that came after it."""

    body: bytes
    rest: bytes


def http_reply(received: bytes) -> HttpReply | None:
    """The first whole reply in `received`; None while more bytes are needed. Raises BadReply.

    Only replies with a Content-Length are understood: that is what agnhost sends for short bodies.
    """
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        if len(received) > 65_536 or not b"HTTP/1.".startswith(received[:7]):
            raise BadReply(f"not HTTP: {received[:60]!r}")
        return None
    status = _STATUS.match(head)
    if status is None:
        raise BadReply(f"not HTTP: {head[:60]!r}")
    if status[1] != b"200":
        raise BadReply(f"status {int(status[1])}")
    length = _LENGTH.search(head)
    if length is None:
        raise BadReply("a reply without Content-Length")
    size = int(length[1])
    return HttpReply(rest[:size], rest[size:]) if len(rest) >= size else None


def host_name(body: bytes) -> str:
    """The backend's host name. Raises BadReply where the body is no plausible one."""
    name = body.decode("utf-8", "replace")
    if not _HOST_NAME.fullmatch(name):
        raise BadReply(f"no host name: {name[:60]!r}")
    return name


def source_ip(body: bytes) -> str:
    """The address in agnhost's `clientip` answer, `IP:PORT` or `[IP]:PORT`. Raises BadReply."""
    text = body.decode("utf-8", "replace")
    try:
        return _canonical(text.rpartition(":")[0].strip("[]"))
    except ValueError:
        raise BadReply(f"no client address: {text[:60]!r}") from None


# Thousands of answers name the same few addresses.
@functools.lru_cache(maxsize=1024)
def _canonical(address: str) -> str:
    """Raises ValueError where it is none."""
    return str(ipaddress.ip_address(address))


def must_be(sent: bytes, received: bytes) -> None:
    """Raises BadReply, with sizes and digests, if what came back is not what was sent."""
    if sent == received:
        return
    there, back = (hashlib.sha256(each).hexdigest()[:12] for each in (sent, received))
    raise BadReply(f"{len(sent)} bytes were sent (sha256 {there}) and {len(received)} came back ({back})")
