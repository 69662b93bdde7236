"""How a server is spoken to: certificates, proxy, time-outs. Part of the settings of whatever is reached over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import urllib3

_CONNECT: Final = 10.0
"""Seconds for a connection to stand. Whoever listens answers within a second."""

_MOMENT: Final = timedelta(seconds=4)
"""How long a call is tried again whose caller will make it again himself: once more, and a second time."""

_CONNECTIONS: Final = 8
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Line:
    """The line to one server. `patience` is how long a failing call is tried again."""

    ca: Path | None = None
    proxy: str = ""
    timeout: timedelta = timedelta(seconds=60)
    patience: timedelta = timedelta(minutes=5)

    def hurried(self) -> Line:
        """The line for who paces many calls and makes them again himself: only what passes in a moment is waited for."""
        return replace(self, patience=min(self.patience, _MOMENT))


@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """The keys that every source and target reached over HTTP has; settings classes inherit them, beside others."""

    ca: Path | None = field(default=None, metadata={"help": "certificates to trust instead of the system's, PEM"})
    proxy: str = field(default="", metadata={"help": "the way out, as http://HOST:PORT; direct by default"})
    timeout: timedelta | None = field(
        default=timedelta(seconds=60), metadata={"help": "how long to wait for the next part of an answer"}
    )
    patience: timedelta | None = field(
        default=timedelta(minutes=5), metadata={"help": "how long to go on trying a server that fails or says wait"}
    )

    def line(self) -> Line:
        """The line these keys describe."""
        default = Line()
        return Line(self.ca, self.proxy, self.timeout or default.timeout, self.patience or timedelta())


def url_parts(url: str) -> SplitResult:
    """The parts of an address; all of them empty where it is malformed."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # only now is it looked at
    except ValueError:
        return urlsplit("")
    return parts


def address_trouble(url: str) -> str:
    """What is wrong with a server's address, as a sentence; empty when it will do. Only this machine may do without TLS."""
    parts = url_parts(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f'"{url}" is no address; write https://HOST/PATH'
    if parts.username or parts.password:
        return "an address holds no user name or password; they have settings of their own"
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return f'"{url}" is not encrypted; write https://'
    return ""


def pool(line: Line, *, tls: bool) -> urllib3.PoolManager:
    """Connections over a line, with TLS or, on this machine, without. Certificates are always verified."""
    import ssl

    import urllib3  # both loaded when there is somebody to speak to: the settings alone must stay light

    context = ssl.create_default_context(cafile=str(line.ca) if line.ca else None) if tls else None
    timeout = urllib3.Timeout(connect=min(_CONNECT, line.timeout.total_seconds()), read=line.timeout.total_seconds())
    if line.proxy:
        return urllib3.ProxyManager(line.proxy, timeout=timeout, ssl_context=context, maxsize=_CONNECTIONS)
    return urllib3.PoolManager(timeout=timeout, ssl_context=context, maxsize=_CONNECTIONS)
