"""Reads all persons page by page; ends normally only where the server says that there are no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ldap
from ldap.controls.libldap import SimplePagedResultsControl

from rostersync.connectors.feide.rows import Attributes
from rostersync.connectors.feide.session import Session
from rostersync.connectors.feide.trouble import TooMany
from rostersync.errors import SnapshotRefused


def pages(
    session: Session, base: str, wanted: str, attributes: Sequence[str], size: int
) -> Iterator[tuple[str, Attributes]]:
    """Every entry of a search (RFC 2696), one at a time. While one page is worked on, the server makes the next.

    Raises:
        TooMany: the server gives no page of that size.
        SnapshotRefused: it does not page, or a part of the tree is elsewhere.
        ldap.LDAPError: anything else.
    """

    def ask(cookie: bytes) -> int:
        control = SimplePagedResultsControl(True, size=size, cookie=cookie)
        return session.ask(base, wanted, attributes, control=control)

    asked: int | None = ask(b"")
    while asked is not None:
        try:
            entries, ended = session.answer(asked)
        except ldap.ADMINLIMIT_EXCEEDED:
            if size > 1:
                raise TooMany from None
            raise
        paged = [one for one in ended if one.controlType == SimplePagedResultsControl.controlType]
        if not paged:
            raise SnapshotRefused(
                "no proof", "the directory does not give its entries in pages, so none can be the last"
            )
        asked = ask(paged[0].cookie) if paged[0].cookie else None
        yield from entries
