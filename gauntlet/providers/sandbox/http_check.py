"""One GET request, to ask whether something serves."""

from __future__ import annotations

import http.client
import ssl


def status_code(
    host: str, port: int, path: str, *, timeout_s: float, tls: ssl.SSLContext | None = None, agent: str = "gauntlet"
) -> int | None:
    """The status code of the answer; None if no answer came, for whatever reason."""
    answer = _ask(host, port, path, timeout_s=timeout_s, tls=tls, agent=agent)
    return answer[0] if answer else None


def text(host: str, port: int, path: str, *, timeout_s: float) -> str:
    """The body of the answer; empty where no answer came, for whatever reason."""
    answer = _ask(host, port, path, timeout_s=timeout_s, tls=None, agent="gauntlet")
    return answer[1].decode(errors="replace") if answer else ""


def _ask(
    host: str, port: int, path: str, *, timeout_s: float, tls: ssl.SSLContext | None, agent: str
) -> tuple[int, bytes] | None:
    connection = (
        http.client.HTTPConnection(host, port, timeout=timeout_s)
        if tls is None
        else http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls)
    )
    try:
        connection.request("GET", path, headers={"User-Agent": agent, "Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
