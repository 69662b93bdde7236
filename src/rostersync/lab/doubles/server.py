"""A real HTTP server on loopback that a double answers through, with the faults that any server can have."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Protocol, Self
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from rostersync.lab.doubles.faults import Faults

_LONGEST_BODY: Final = 64 << 20


class Asked(Struct, frozen=True):
    """One request. `headers` have lower-case names; `query` is decoded, in order."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = b""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)


class Told(Struct, frozen=True):
    """One reply."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Double(Protocol):
    """What answers: one model of a server."""

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        ...


class Server:
    """A double on a port of its own, from `with` to the end of the block. `asked` are the requests so far, in order.

    `tls` is a context with a certificate; without one the server speaks plain HTTP. `faults` are those that the double
    looks at too, where it knows some of its own kind.
    """

    def __init__(
        self, double: Double, *, port: int = 0, tls: ssl.SSLContext | None = None, faults: Faults | None = None
    ) -> None:
        self.faults = faults or Faults()
        self.asked: list[Asked] = []
        self._http = _Quiet(("127.0.0.1", port), _answering(self, double))
        self._tls = tls is not None
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up, or do not trust the certificate, are what the doubles are there for."""


def _answering(server: Server, double: Double) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True  # a reply is two small writes, and must not wait 40 ms between them

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = min(int(self.headers.get("Content-Length") or 0), _LONGEST_BODY)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(self.command, parts.path, query, headers, self.rfile.read(length))
            server.asked.append(asked)
            fault = server.faults.meet(asked.path)
            told = _faulty(fault) if fault in _STATUSES else double.answer(asked)
            if fault == "html":
                told = Told(b"<!doctype html><title>Logg inn</title>", kind="text/html")
            if fault in ("slow", "hang") and server.faults.linger(fault):
                self.close_connection = True
                return
            self._send(told, gzipped="gzip" in headers.get("accept-encoding", ""), cut=fault == "cut")

        def _send(self, told: Told, *, gzipped: bool, cut: bool) -> None:
            body = gzip.compress(told.body, 1) if gzipped and len(told.body) > 1000 else told.body
            self.send_response(told.status)
            if body is not told.body:
                self.send_header("Content-Encoding", "gzip")
            for name, value in (("Content-Type", told.kind), ("Content-Length", str(len(body))), *told.headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server looks for these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server calls it so
            """Say nothing: what is asked may hold ids."""

    return Answering


_STATUSES: Final = {"401": 401, "403": 403, "404": 404, "429": 429, "500": 500, "503": 503}


def _faulty(fault: str) -> Told:
    wait = (("Retry-After", "1"),) if fault == "429" else ()
    return Told(b'{"message": "fault"}', status=_STATUSES[fault], headers=wait)
