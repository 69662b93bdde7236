"""Reads one collection of a service page by page, and tells whether it came whole.

Services differ: few send the `Link` header, some cap a page below what was asked for, some count before filtering. So a
short page alone ends nothing; the promised number, the last link or an empty page does (OneRoster 1.1, section 3.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from rostersync.errors import SnapshotRefused
from rostersync.transport.calls import Answer, Call
from rostersync.transport.http import Http

ASKING: Final = (("Accept", "application/json"),)
_TOTAL: Final = "x-total-count"
_NEXT: Final = re.compile(r"""rel\s*=\s*"?next\b""", re.IGNORECASE)
_MOST: Final = 20_000_000
"""Entries of one collection. No school owner has as many; a service that goes on for ever does."""


class Page(Struct, frozen=True):
    """Some entries of a collection. `total` is how many there are in all, None where the service does not say.

    `last` is true when the service says that none follow, None when it says nothing of that.
    """

    entries: list[Mapping[str, Any]]
    total: int | None
    last: bool | None


def pages(http: Http, collection: str, size: int, sort: str) -> Iterator[Page]:
    """The pages of a collection, until nothing follows. `sort` is the field they are put in order by, if any.

    Raises:
        SourceUnavailable: as the transport has it; or an answer is not of the form that the standard has.
        SnapshotRefused: the service gives the same page over and over.
    """
    offset, before = 0, None
    order = {"sort": sort, "orderBy": "asc"} if sort else {}
    while True:
        page = ask(http, collection, limit=str(size), offset=str(offset), **order)
        yield page
        offset += len(page.entries)
        enough = page.total is not None and offset >= page.total
        if not page.entries or enough or (page.total is None and page.last):
            return
        if page.entries == before or offset > _MOST:
            raise SnapshotRefused(
                "no proof",
                f"{collection}: the service gives the same entries again and again, whatever offset it is asked for; "
                "ask whoever runs it to mend that, or set page to more than there are",
            )
        before = page.entries


def ask(http: Http, collection: str, **query: str) -> Page:
    """One page.

    Raises:
        SourceUnavailable: as for `pages`.
    """
    call = Call(what=f"the {collection}", path=collection, query=tuple(query.items()), headers=ASKING)
    told, answer = http.decoded(call)
    return Page(_entries(http, call, collection, answer), _total(told), _is_last(told))


def _entries(http: Http, call: Call, collection: str, answer: Any) -> list[Mapping[str, Any]]:
    """The list in the envelope. A null in its place is an empty one."""
    if not isinstance(answer, dict) or collection not in answer:
        raise http.trouble(call, f'the answer holds no list "{collection}"; check that url ends in v1p1 or v1p2')
    entries = answer[collection]
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise http.trouble(call, f'what the answer holds as "{collection}" is no list of entries')
    return entries


def _total(told: Answer) -> int | None:
    text = told.headers.get(_TOTAL, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _is_last(told: Answer) -> bool | None:
    link = told.headers.get("link")
    return None if link is None else not _NEXT.search(link)
