"""One GET request, to ask whether something serves."""

from __future__ import annotations

import http.client
import ssl


def status_code(
    host: str, port: int, path: str, *, timeout_s: float, tls: ssl.SSLContext | None = None, agent: str = "gauntlet"
) -> int | None:
    """The status code of the answer; None where no answer came, for whatever reason."""
    connection = (
        http.client.HTTPConnection(host, port, timeout=timeout_s)
        if tls is None
        else http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls)
    )
    try:
        connection.request("GET", path, headers={"User-Agent": agent, "Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
