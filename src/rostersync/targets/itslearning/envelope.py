"""SOAP 1.1 envelopes by template: everything that comes from outside is escaped, everything else is constant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from rostersync.targets.itslearning.words import (
    COMMON,
    GROUP,
    GROUP_VALUES,
    HEADER,
    MEMBERSHIP,
    MEMBERSHIP_VALUES,
    PASSWORD_TEXT,
    PERSON,
    PERSON_VALUES,
    SOAP,
    WSSE,
    XSI,
    Service,
)

_SPECIAL: Final = re.compile(r"[&<>\"\r]")
_FORBIDDEN: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any form (section 2.2)."""

_ESCAPED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}

_VALUES: Final = {
    "person": (PERSON, PERSON_VALUES),
    "extended": (PERSON, PERSON_VALUES),
    "group": (GROUP, GROUP_VALUES),
    "membership": (MEMBERSHIP, MEMBERSHIP_VALUES),
}

_HEAD: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    f'<s:Envelope xmlns:s="{SOAP}"><s:Header><h:syncRequestHeaderInfo xmlns:h="{HEADER}"><h:messageIdentifier>'
).encode()
_SECURITY: Final = (
    f'</h:messageIdentifier></h:syncRequestHeaderInfo><w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>'
    "{}"
    f'</w:Username><w:Password Type="{PASSWORD_TEXT}">'
    "{}"
    "</w:Password></w:UsernameToken></w:Security></s:Header>"
)


class Message(Struct, frozen=True):
    """One request, ready to be sent. `name` goes with it and comes back with its answer."""

    name: str
    body: bytes


class Envelopes:
    """Envelopes of one account: the part of the header that never changes is made once."""

    def __init__(self, user: str, password: str) -> None:
        self._security = _SECURITY.format(escaped(user), escaped(password)).encode()

    def message(self, service: Service, operation: str, inside: str) -> Message:
        """A request whose body holds `inside`, which is well-formed and uses the prefixes m, v, c and i."""
        messages, values = _VALUES[service]
        body = (
            f'<s:Body><m:{operation}Request xmlns:m="{messages}" xmlns:v="{values}" xmlns:c="{COMMON}"'
            f' xmlns:i="{XSI}">{inside}</m:{operation}Request></s:Body></s:Envelope>'
        ).encode()
        # The same request has the same name, whenever it is sent again.
        name = blake2b(body, digest_size=8).hexdigest()
        return Message(name, b"".join((_HEAD, name.encode(), self._security, body)))


def escaped(text: str) -> str:
    """A text as XML holds it, in an element or in quotes. What no XML can hold is left out."""
    if text.isalnum():
        return text  # nearly every key and many a name
    text = _FORBIDDEN.sub("", text) if not text.isprintable() else text
    return _SPECIAL.sub(_entity, text)


def _entity(found: re.Match[str]) -> str:
    return _ESCAPED[found[0]]


def identifiers(keys: Iterable[str]) -> str:
    """The body of a request about things that are only named."""
    named = "".join([f"<c:identifier>{escaped(key)}</c:identifier>" for key in keys])
    return f"<m:sourcedIdSet>{named}</m:sourcedIdSet>"


def pairs(kind: str, things: Iterable[tuple[str, str]]) -> str:
    """The body of a request about things that are told: each a key and its content. `kind` is person, group or membership."""
    told = "".join(
        [
            f"<m:{kind}IdPair><m:sourcedId><c:identifier>{escaped(key)}</c:identifier></m:sourcedId>"
            f"<m:{kind}>{content}</m:{kind}></m:{kind}IdPair>"
            for key, content in things
        ]
    )
    return f"<m:{kind}IdPairSet>{told}</m:{kind}IdPairSet>"
