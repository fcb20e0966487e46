"""What a client sends to a backend that speaks HTTP."""

from __future__ import annotations

import functools


# A table asks the same again and again.
@functools.lru_cache(maxsize=4096)
def request(address: str, port: int, questions: tuple[str, ...], last: str) -> bytes:
    """All questions in one segment (HTTP pipelining, RFC 9112 section 9.3.2): one round trip however many."""
    host = f"[{address}]" if ":" in address else address
    asks = [f"GET /{question} HTTP/1.1\r\nHost: {host}:{port}\r\n" for question in questions]
    return ("\r\n".join(asks) + f"Connection: {last}\r\n\r\n").encode()
