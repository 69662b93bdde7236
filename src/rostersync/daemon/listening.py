"""/healthz, /readyz and /metrics over HTTP, on this machine's loopback only."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import structlog

from rostersync.errors import TryLater
from rostersync.logs import bare

Page = Callable[[], tuple[HTTPStatus, str, str]]
"""Gives status, content type and text."""

PATIENCE: Final = 5.0
"""Seconds in which a caller must have asked."""
AT_ONCE: Final = 8
"""Callers answered at one time; the next one is hung up on."""

log = structlog.get_logger()


class Pages(ThreadingHTTPServer):
    """Answers GET and HEAD for a few paths, each in a thread of its own."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], pages: dict[str, Page]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.pages = pages
        self._free = threading.BoundedSemaphore(AT_ONCE)
        try:
            super().__init__(address, _Answer)
        except OSError as error:
            where = f"{address[0]}:{address[1]}"
            raise TryLater(
                f"[daemon] listen: {where} cannot be listened on ({error.strerror}); is another daemon there?"
            ) from None

    def begin(self) -> None:
        """Answer from now on, until `end`."""
        threading.Thread(target=self.serve_forever, args=(0.2,), name="http", daemon=True).start()

    def end(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to answer one caller, unless there are too many already."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one caller, in a thread of her own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class calls it so
        """A caller hung up, or there is a fault of ours."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            log.error("http.crashed", crash=bare(error))


class _Answer(BaseHTTPRequestHandler):
    timeout = PATIENCE
    server: Pages
    server_version = "rostersync"
    sys_version = ""

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is " + ", ".join(self.server.pages) + "\n")
        else:
            self._send(*page())

    do_HEAD = do_GET  # noqa: N815 - the base class calls it so

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Who asks for metrics is not worth a line."""


def as_json(*, ok: bool, document: Any) -> tuple[HTTPStatus, str, str]:
    """A document, with 200 when all is well and 503 when not."""
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return status, "application/json", json.dumps(document, ensure_ascii=False, indent=1) + "\n"
