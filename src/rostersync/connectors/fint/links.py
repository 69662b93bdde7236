"""FINT's links: which entry one points to, however the sender writes it.

A link is `https://HOST/DOMAIN/PACKAGE/CLASS/IDFIELD/VALUE`. Its host may be another environment's, the id field may be in
any capitals, the value keeps its own; an entry has one self link for each of its identifiers, and any may be pointed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

_DOMAINS: Final = frozenset({"utdanning", "administrasjon"})
_BEFORE_FIELD: Final = 3
"""Domain, package and class stand before the id field."""

_BEST_FIRST: Final = ("systemid", "fodselsnummer", "ansattnummer", "elevnummer", "organisasjonsnummer", "skolenummer")


_PLAIN: Final = re.compile(
    r"(?:https?://[^/?#]*)?/?(?:utdanning|administrasjon)/\w+/\w+/([A-Za-z]+)/([A-Za-z0-9_.~@-]+)"
).fullmatch
"""Nearly every link there is."""


def target_of(href: str) -> str:
    """`idfield/value` of what a link points to; empty where it is no such link. The class is known by the relation."""
    if plain := _PLAIN(href):
        return f"{plain[1].lower()}/{plain[2]}"
    segments = urlsplit(href).path.split("/") if "://" in href else href.partition("?")[0].split("/")
    start = next((at for at, one in enumerate(segments) if one.lower() in _DOMAINS), None)
    # the value itself may hold slashes, so it is all that follows the id field
    rest = segments[start + _BEFORE_FIELD :] if start is not None else segments[-2:]
    if len(rest) < 2 or not rest[0]:
        return ""
    value = unquote("/".join(rest[1:]))
    return f"{rest[0].lower()}/{value if value.isprintable() else quote(value)}" if value else ""


def targets(relation: Any) -> Iterator[str]:
    """What a relation points to. It should be a list of `{"href": ...}`; what is anything else points nowhere."""
    for link in relation if isinstance(relation, list) else ():
        href = link.get("href") if isinstance(link, dict) else None
        if isinstance(href, str) and (target := target_of(href)):
            yield target


def target(relation: Any) -> str:
    """The first that a relation points to; empty for none."""
    return next(targets(relation), "")


def own(selves: Iterable[str]) -> str:
    """The one self link by which we know an entry: by its system id, where access control has left us that."""
    found = list(selves)
    return found[0] if len(found) == 1 else min(found, key=_rank, default="")


def key_of(kind: str, target: str) -> str:
    """The source key of what a link points to: `fint/KIND/VALUE`; of a person `fint/NUMBER`, as contacts are named."""
    field, _, value = target.partition("/")
    if kind == "person" and field == "fodselsnummer":
        return f"fint/{value}"
    return f"fint/{kind}/{value}" if field == "systemid" else f"fint/{kind}/{target}"


def _rank(target: str) -> tuple[int, str]:
    field = target.partition("/")[0]
    return (_BEST_FIRST.index(field) if field in _BEST_FIRST else len(_BEST_FIRST)), target
