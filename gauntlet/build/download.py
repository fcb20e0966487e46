"""Files over HTTP: bounded in time, from redirects to https alone, by the proxies and certificates of the environment.

HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say which proxy is asked; SSL_CERT_FILE and SSL_CERT_DIR, whom to trust.
"""

from __future__ import annotations

import hashlib
import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError, ReadTimeoutError
from urllib3.util import Timeout, make_headers

from gauntlet import __version__
from gauntlet.ground.errors import GauntletError

_CHUNK_BYTES = 1 << 18
_MOST_REDIRECTS = 5
_GONE = frozenset({404, 410})
_OK = 200
_PORTS = {"http": 80, "https": 443}
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"kube-proxy-gauntlet/{__version__}"}


class Unavailable(GauntletError):
    """A server cannot be reached, is too slow, breaks off, or answers with an error."""


class NotThere(GauntletError):
    """The server is there; the file is not."""


@dataclass(frozen=True)
class Limits:
    """How long is waited: for a connection, for the next bytes, and for a whole file."""

    connect_s: float = 2.0
    silence_s: float = 10.0
    whole_s: float = 300.0


@dataclass
class Downloads:
    """Downloads that share connections."""

    limits: Limits = field(default_factory=Limits)
    _trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _managers: dict[str, urllib3.PoolManager] = field(default_factory=dict)
    _connected: set[tuple[str, int]] = field(default_factory=set)

    def get(self, url: str, into: BinaryIO, *, most_bytes: int) -> str:
        """Write what is at the URL into the file and return its SHA-256, in hex.

        Raises Unavailable if it cannot be had whole and in time, NotThere if the server does not have it.
        """
        deadline = time.monotonic() + self.limits.whole_s
        try:
            response = self._open(url)
        except ValueError as error:  # of a proxy's URL, or of that of a redirect
            raise Unavailable(f"{url}: {error}") from error
        try:
            return self._copy(response, url, into, deadline, most_bytes)
        except ReadTimeoutError as error:
            raise Unavailable(f"{url}: time-out: no data for {self.limits.silence_s:g} s") from error
        except (IncompleteRead, ProtocolError) as error:
            raise Unavailable(f"{url}: the transfer was cut off: {error}") from error
        except HTTPError as error:
            raise Unavailable(f"{url}: {error}") from error
        finally:
            response.close()

    def _open(self, url: str) -> urllib3.BaseHTTPResponse:
        asked = url
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._request(asked)
            target = response.get_redirect_location()
            if not target:
                if response.status == _OK:
                    return response
                response.close()
                if response.status in _GONE:
                    raise NotThere(f"{asked} does not exist (HTTP {response.status})")
                raise Unavailable(f"{asked}: HTTP {response.status} {response.reason or ''}".rstrip())
            response.close()
            target = urljoin(asked, target)
            if urlsplit(target).scheme != "https":
                raise Unavailable(f"{asked} redirects to {target}, which is not https")
            asked = target
        raise Unavailable(f"{url}: more than {_MOST_REDIRECTS} redirects")

    def _request(self, url: str) -> urllib3.BaseHTTPResponse:
        proxy = _proxy(url)
        self._require_connection(proxy or url)
        try:
            return self._manager(proxy).request(
                "GET",
                url,
                headers=_HEADERS,
                timeout=Timeout(connect=self.limits.connect_s, read=self.limits.silence_s),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except ReadTimeoutError as error:
            raise Unavailable(f"{url}: time-out: no answer for {self.limits.silence_s:g} s") from error
        except HTTPError as error:
            raise Unavailable(f"{url}: {error}") from error

    def _copy(
        self, response: urllib3.BaseHTTPResponse, url: str, into: BinaryIO, deadline: float, most_bytes: int
    ) -> str:
        digest, got = hashlib.sha256(), 0
        # `read1` gives what is there, `read` waits for the whole chunk: a slow server would outlast the deadline.
        while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
            if time.monotonic() > deadline:
                raise Unavailable(f"{url}: time-out: not whole after {self.limits.whole_s:g} s ({got} bytes)")
            got += len(chunk)
            if got > most_bytes:
                raise Unavailable(f"{url}: more than {most_bytes} bytes")
            digest.update(chunk)
            into.write(chunk)
        return digest.hexdigest()

    def _manager(self, proxy: str | None) -> urllib3.PoolManager:
        if (known := self._managers.get(proxy or "")) is not None:
            return known
        made = urllib3.PoolManager(ssl_context=self._trust) if proxy is None else self._behind(proxy)
        self._managers[proxy or ""] = made
        return made

    def _behind(self, proxy: str) -> urllib3.ProxyManager:
        parts = urlsplit(proxy)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        return urllib3.ProxyManager(
            proxy,
            proxy_headers=make_headers(proxy_basic_auth=user) if user else None,
            ssl_context=self._trust,
            proxy_ssl_context=self._trust,
        )

    def _require_connection(self, url: str) -> None:
        """Raises Unavailable unless the server of this URL takes a connection in time.

        Looking up a name has no time-out of its own, and each of a name's addresses would have one: a thread waits.
        """
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))
        if place in self._connected:
            return
        outcome: queue.SimpleQueue[str] = queue.SimpleQueue()

        def connect() -> None:
            try:
                socket.create_connection(place, timeout=self.limits.connect_s).close()
            except OSError as error:
                outcome.put(error.strerror or str(error))
            except UnicodeError as error:  # a name that no host can have
                outcome.put(str(error))
            else:
                outcome.put("")

        threading.Thread(target=connect, daemon=True).start()
        try:
            failed = outcome.get(timeout=self.limits.connect_s)
        except queue.Empty:
            raise Unavailable(f"{place[0]}: time-out: no connection within {self.limits.connect_s:g} s") from None
        if failed:
            raise Unavailable(f"{place[0]}: {failed}")
        self._connected.add(place)


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this URL, as a URL."""
    parts = urlsplit(url)
    known = getproxies()
    proxy = known.get(parts.scheme) or known.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
