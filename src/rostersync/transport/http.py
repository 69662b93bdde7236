"""HTTP with time-outs, one retry policy and verified certificates; what goes wrong is said in the caller's own terms."""

from __future__ import annotations

import ssl
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode

import msgspec
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as TimedOut
from urllib3.util import parse_url

from rostersync.errors import RostersyncError
from rostersync.transport.authorising import Authoriser, Open
from rostersync.transport.calls import Answer, Call
from rostersync.transport.line import Line, pool, url_parts
from rostersync.transport.patience import Patience, asked_to_wait

if TYPE_CHECKING:
    import urllib3

_BLOCK: Final = 1 << 16
_MEGABYTE: Final = 1 << 20
_FAILING: Final = frozenset({500, 502, 503, 504})
_TOO_MANY: Final = 429
_UNAUTHORISED: Final = 401

Blame = Callable[[str], RostersyncError]
"""Makes the error of whoever uses the transport, such as `SourceUnavailable`, of a sentence."""


class Faltering(Protocol):
    """Makes the error of a call that may succeed when it is made again, such as `TargetFaltering`.

    `overloaded`: the server asks for fewer calls, and has not carried this one out. `pause`: for how many seconds it asks
    to be left alone.
    """

    def __call__(self, text: str, /, *, overloaded: bool, pause: float) -> RostersyncError:
        """The error of a sentence."""
        ...


class Http:
    """One server. `name` is what messages call it: they never show a path or a query, since those may hold ids.

    `blame` makes the error of a call that came to nothing. Who makes such calls again by himself gives `faltering`, which
    makes it in place of `blame` wherever that may help, and a `line.hurried()`: pauses are his, and not slept through here.
    """

    def __init__(
        self,
        name: str,
        base: str,
        line: Line,
        blame: Blame,
        *,
        faltering: Faltering | None = None,
        authoriser: Authoriser | None = None,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._base = base.rstrip("/")
        self._line = line
        self._blame = blame
        self._faltering = faltering
        self._authoriser = authoriser or Open()
        self._wait = wait
        self._now = now
        self._pool = pool(line, tls=_place(self._base)[0] == "https")

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    @contextmanager
    def open(self, call: Call) -> Iterator[Answer]:
        """Ask, and give the answer once its headers are there.

        Raises:
            RostersyncError: as `blame` makes it: no answer within the time-outs and the patience, a certificate that does
                not hold, a link to another server, a status that is not expected.
        """
        response = self._answered(call)
        try:
            yield Answer(response.status, _lower(response.headers), self._blocks(call, response))
        finally:
            response.close()

    def read(self, call: Call, limit: int = 64 * _MEGABYTE) -> tuple[Answer, bytes]:
        """As `open`, with the whole body, which may have `limit` bytes."""
        response = self._answered(call)
        with closing(response), self._breaking_off(call):
            body = response.read(limit + 1, decode_content=True)
        if len(body) > limit:
            raise self.trouble(call, f"the answer has more than {limit // _MEGABYTE} MB")
        return Answer(response.status, _lower(response.headers), iter(())), body

    def json(self, call: Call, limit: int = 64 * _MEGABYTE) -> Any:
        """As `read`, decoded. A page of HTML in its place is no answer, whatever its status says."""
        return self.decoded(call, limit)[1]

    def decoded(self, call: Call, limit: int = 64 * _MEGABYTE) -> tuple[Answer, Any]:
        """As `json`, with the answer's headers."""
        answer, body = self.read(call, limit)
        try:
            return answer, msgspec.json.decode(body.removeprefix(BOM_UTF8))
        except ValueError:
            kind = answer.headers.get("content-type", "no content type").partition(";")[0]
            raise self.trouble(
                call,
                f"the answer ({answer.status}, {kind}) is no JSON; check the address, and whether a proxy or a login page "
                "answers in its place",
            ) from None

    # -- one call -----------------------------------------------------------------------------------------------------

    def _answered(self, call: Call) -> urllib3.BaseHTTPResponse:
        """The first answer that is expected, after as many tries as patience allows."""
        patience = Patience(self._line.patience.total_seconds(), self._now, self._wait)
        url = self._url(call)
        renewed = False
        while True:
            try:
                response = self._sent(call, url)
            except (HTTPError, OSError) as error:
                if reason := _distrust(error):
                    raise self.trouble(call, f"its certificate does not hold ({reason}); see the setting ca") from None
                if not (_may_repeat(call, error) and patience.wait(None)):
                    raise self._falters(call, _silence(error)) from None
                continue
            if response.status in call.expected:
                return response
            response.close()
            if response.status == _UNAUTHORISED and not renewed and self._authoriser.renew():
                renewed = True
                continue
            asked = asked_to_wait(_lower(response.headers))
            if not (_is_passing(call, response.status) and patience.wait(asked)):
                raise self._refused(call, response.status, asked)

    def _refused(self, call: Call, status: int, asked: float | None) -> RostersyncError:
        if status == _TOO_MANY or (status in _FAILING and asked is not None):
            return self._falters(call, _refusal(status), overloaded=True, pause=asked or 0.0)
        return (self._falters if status in _FAILING else self.trouble)(call, _refusal(status))

    def _sent(self, call: Call, url: str) -> urllib3.BaseHTTPResponse:
        headers = {"Accept-Encoding": "gzip", "User-Agent": "rostersync", **dict(call.headers)}
        headers |= self._authoriser.headers(call.method, url, call.body)
        return self._pool.urlopen(
            call.method, url, headers=headers, body=call.body, preload_content=False, retries=False, redirect=False
        )

    def _url(self, call: Call) -> str:
        """The whole address, in the very form that is sent: a signature covers it."""
        is_whole = "://" in call.path.partition("?")[0]
        url = call.path if is_whole else f"{self._base}/{call.path.lstrip('/')}"
        if _place(url) != _place(self._base):
            # our credentials would go along
            raise self.trouble(
                call, "it leads on to another server, and such links are not followed; check the address"
            )
        return parse_url(f"{url}{'&' if '?' in url else '?'}{urlencode(call.query)}" if call.query else url).url

    def _blocks(self, call: Call, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with self._breaking_off(call):
            yield from response.stream(_BLOCK, decode_content=True)

    @contextmanager
    def _breaking_off(self, call: Call) -> Iterator[None]:
        try:
            yield
        except (HTTPError, OSError) as error:
            raise self._falters(call, f"the answer broke off ({_silence(error)}); run again later") from None

    def trouble(self, call: Call, text: str) -> RostersyncError:
        """The caller's own error about a call that did not give what it should."""
        return self._blame(self._sentence(call, text))

    def _falters(self, call: Call, text: str, *, overloaded: bool = False, pause: float = 0.0) -> RostersyncError:
        """The caller's own error about a call that may succeed when it is made again."""
        if self._faltering is None:
            return self.trouble(call, text)
        return self._faltering(self._sentence(call, text), overloaded=overloaded, pause=pause)

    def _sentence(self, call: Call, text: str) -> str:
        return f"{self._name}: {call.what}: {text}"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): headers[name] for name in headers}  # by name: a header that came twice is joined there


def _place(url: str) -> tuple[str, ...]:
    """Who is spoken to. Anything but a host and a port, such as a user name, makes it somebody else."""
    parts = url_parts(url)
    return parts.scheme, parts.netloc.lower().removesuffix({"https": ":443", "http": ":80"}.get(parts.scheme, "-"))


def _is_passing(call: Call, status: int) -> bool:
    """Whether the same call may succeed later. A server that says "too many" has not carried it out."""
    return status == _TOO_MANY or (call.repeatable and status in _FAILING)


def _may_repeat(call: Call, error: Exception) -> bool:
    return call.repeatable or isinstance(error, NewConnectionError | ConnectTimeoutError | ProxyError)


def _silence(error: Exception) -> str:
    if isinstance(error, NewConnectionError):
        return "it cannot be reached; check the address, and whether this machine may connect to it"
    if isinstance(error, ProxyError):
        return "the proxy cannot be reached, or does not let us through; see the setting proxy"
    if isinstance(error, TimedOut):
        return "it did not answer in time; see the setting timeout"
    return f"the connection was lost ({type(error).__name__})"


def _distrust(error: Exception) -> str:
    """What is wrong with a certificate, in OpenSSL's words; empty when that is not the trouble."""
    inner = error.args[0] if isinstance(error, SSLError) and error.args else None
    return inner.verify_message if isinstance(inner, ssl.SSLCertVerificationError) else ""


def _refusal(status: int) -> str:
    known = {
        400: "it does not understand the call (400)",
        401: "it does not accept our credentials (401); they are not tried again by themselves",
        403: "our credentials may not do this (403); ask who runs it for access",
        404: "it knows nothing of that name (404); check the address",
        429: "it still says too many calls (429); let it run at another hour, or ask for a higher limit",
    }
    if status in _FAILING:
        return f"it fails ({status}); tried until patience was at its end"
    if 300 <= status < 400:
        return f"it sends us elsewhere ({status}), which is not followed; correct the address"
    return known.get(status, f"it refuses ({status})")
