"""Asks FINT over REST: which model it serves, how much each resource holds, when it last changed, and its entries.

What the answers really are like, and where they differ from the documentation, is in docs/how-to/visma-inschool.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from rostersync.connectors.fint.resources import BY_NAME, Model, Resource
from rostersync.connectors.fint.settings import Account, Settings, account_of, token_address
from rostersync.errors import SourceUnavailable
from rostersync.transport.authorising import Authoriser, Open, Token
from rostersync.transport.calls import Call
from rostersync.transport.http import Http

_HIDDEN: Final = (403, 404)
_LARGEST: Final = 4 << 30
_REFUSED: Final = (
    "the account may be wrong, or its password was renewed in the portal (its own tests do that); "
    "it is tried once in a run"
)


class Page(msgspec.Struct, frozen=True):
    """Some entries, as they were written, in one answer. `body` is the answer, on one line; `total` what it says of all."""

    entries: list[bytes]
    body: bytes
    total: int


class _Embedded(msgspec.Struct):
    entries: list[msgspec.Raw] | None = msgspec.field(default=None, name="_entries")


class _Envelope(msgspec.Struct):
    embedded: _Embedded | None = msgspec.field(default=None, name="_embedded")
    total_items: Any = None


_decode: Final = msgspec.json.Decoder(_Envelope).decode


class Fint:
    """One county's FINT. Close it in the end."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        line = settings.line()
        self._name = name
        self._identity: Http | None = None
        headers = [("Accept", "application/json")]
        authoriser: Authoriser = Open()
        if settings.account is not None:
            account = account_of(settings.account)
            base, path = token_address(settings, account)
            self._identity = Http(f"{name}'s token server", base, line, _of_the_account, wait=wait, now=now)
            authoriser = Token(self._identity, path, account.form, now=now)
            headers += _names(account)
        self._headers = tuple(headers)
        self._http = Http(name, settings.url, line, SourceUnavailable, authoriser=authoriser, wait=wait, now=now)
        self._chosen = settings.model
        self._model: Model | None = None

    def close(self) -> None:
        """Close every connection."""
        self._http.close()
        if self._identity is not None:
            self._identity.close()

    @property
    def model(self) -> Model:
        """Which information model is served: 4 has klasse where 3 has basisgruppe. Of both, the one that is filled."""
        if self._model is None:
            self._model = self._chosen if self._chosen != "auto" else self._probed()
        return self._model

    def size(self, resource: Resource) -> int | None:
        """How many entries a resource holds; None where an optional one is not there for us."""
        return self._size(resource, self.model)

    def stamp(self, resource: Resource) -> str:
        """When a resource last changed, in milliseconds since 1970. Older consumers write it as a text."""
        call = self._call(resource, self.model, "/last-updated")
        return self._number(call, "lastUpdated")

    def body(self, resource: Resource, offset: int, size: int, since: str = "") -> bytes:
        """The answer with the entries from `offset` on, `size` at most; with all there are when it is 0.

        `since` leaves out what changed before that moment. Links from page to page would forget it, so none is followed.
        """
        query = [("sinceTimeStamp", since)] if since else []
        query += [("offset", str(offset)), ("size", str(size))] if size else []
        _, body = self._http.read(self._call(resource, self.model, "", query=tuple(query)), _LARGEST)
        return body

    def page(self, resource: Resource, body: bytes) -> Page:
        """The entries of an answer."""
        body = body.removeprefix(b"\xef\xbb\xbf")
        try:
            if not body.isascii():
                body.decode()
            if b"\n" in body or b"\t" in body:
                body = msgspec.json.format(body, indent=-1)
            found = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self.trouble(resource, _NO_JSON) from None
        total = found.total_items
        entries = found.embedded.entries if found.embedded else None
        if entries is None and total != 0:
            raise self.trouble(resource, "the answer holds no entries and does not say that there are none")
        return Page(list(map(bytes, entries or ())), body, total if isinstance(total, int) else -1)

    def changed(self, resource: Resource, since: str) -> bool:
        """Whether anything was added or changed after a moment. What was deleted is never told.

        The moment itself counts to FINT, so the next millisecond is asked for; the count is of entries, since
        `total_items` tells the whole cache's size.
        """
        return bool(self.page(resource, self.body(resource, 0, 1, str(int(since) + 1))).entries)

    def trouble(self, resource: Resource, text: str) -> SourceUnavailable:
        """What to say of a resource that cannot be used."""
        return SourceUnavailable(f"{self._name}: {resource.at(self.model)}: {text}")

    # -- one call -----------------------------------------------------------------------------------------------------

    def _probed(self) -> Model:
        klasse = BY_NAME["klasse"]
        if self._size(klasse, "4", hidden=_HIDDEN):
            return "4"
        return "3" if self._size(klasse, "3", hidden=_HIDDEN) else "4"

    def _size(self, resource: Resource, model: Model, hidden: tuple[int, ...] = ()) -> int | None:
        call = self._call(resource, model, "/cache/size", hidden or (_HIDDEN if resource.optional else ()))
        answer, body = self._http.read(call)
        return None if answer.status in _HIDDEN else int(self._number(call, "size", body))

    def _number(self, call: Call, name: str, body: bytes | None = None) -> str:
        """A number in a small answer, as a text."""
        if body is None:
            _, body = self._http.read(call)
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._http.trouble(call, _NO_JSON) from None
        value = str(found.get(name, "")) if isinstance(found, dict) else ""
        if not value.removeprefix("-").isdecimal():
            raise self._http.trouble(call, f"the answer tells no {name}")
        return value

    def _call(
        self,
        resource: Resource,
        model: Model,
        below: str,
        hidden: tuple[int, ...] = (),
        query: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        path = resource.at(model)
        return Call(what=path + below, path=path + below, query=query, headers=self._headers, expected=(200, *hidden))


_NO_JSON: Final = (
    "the answer is no JSON in UTF-8; check the address, and whether a proxy or a login page answers in its place"
)


def _names(account: Account) -> list[tuple[str, str]]:
    """Who asks, and for which county; older consumers want to be told."""
    told = (("x-client", account.username), ("x-org-id", account.asset))
    return [(name, value) for name, value in told if value]


def _of_the_account(text: str) -> SourceUnavailable:
    return SourceUnavailable(f"{text}; {_REFUSED}")
