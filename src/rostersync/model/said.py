"""What a source says: a record as flat text, and the claims that a mapping makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from rostersync.model.vocabulary import ClaimKind, RecordKind


class Record(Struct, frozen=True, gc=False):
    """One element of a source as flat text: field name -> its texts, in document order.

    `parts` are the records inside it: a person's contacts (kind `contact`), a membership's members (kind `member`,
    one for each role). `line` is where the element began, for messages. `whose` is the person key of a member, which
    stands apart from `fields` so that the many members who differ in nothing else can share them. `unread` are the person
    keys of those of whom the source says something unusable tonight: what a membership said of them last stays.
    """

    kind: RecordKind
    fields: Mapping[str, tuple[str, ...]]
    line: int = 0
    parts: tuple[Record, ...] = ()
    whose: str = ""
    unread: tuple[str, ...] = ()


class Contact(Struct, frozen=True, gc=False):
    """A pointer from a pupil to an adult. Only `kind` "guardian" can become a guardianship; "question" goes to a human."""

    key: str
    kind: Literal["guardian", "question"]
    because: str = ""


class PersonClaim(Struct, frozen=True, gc=False):
    """What one source says of one person. `left` gives the reason when the source lists her but says she has left.

    `values` are (field, text) in field order, only non-empty ones; dates as YYYY-MM-DD.
    """

    key: str
    values: tuple[tuple[str, str], ...]
    old_keys: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    left: str = ""


class GroupClaim(Struct, frozen=True, gc=False):
    """What one source says of one group. Kinds `owner` and `school` are organisations; `skipped` says why it is not used."""

    key: str
    kind: str
    name: str = ""
    title: str = ""
    parent: str = ""
    number: str = ""
    begin: date | None = None
    end: date | None = None
    skipped: str = ""
    mentor: str = ""


class Tie(Struct, frozen=True, gc=False):
    """One person's role in one group, as a source says it. `left` gives the reason when it no longer counts."""

    person: str
    role: str
    begin: date | None = None
    end: date | None = None
    primary: bool = False
    left: str = ""


class MembershipClaim(Struct, frozen=True, gc=False):
    """Everyone whom one membership element ties to one group. `key` is the group's key.

    With `by_login` the ties name persons by login: each is whoever carries that login today, and nobody is made of it.
    """

    key: str
    ties: tuple[Tie, ...]
    by_login: bool = False


Claim = PersonClaim | GroupClaim | MembershipClaim


class Skipped(Struct, frozen=True, gc=False):
    """A record the mapping leaves out on purpose."""

    because: str


class Rejected(Struct, frozen=True, gc=False):
    """A record, or one member of a membership, that cannot be used.

    `key` is its source key where that could be read, else empty; `part` is the member's person key when only that
    member is rejected. Neither is ever shown to anyone.
    """

    kind: ClaimKind
    because: str
    key: str = ""
    part: str = ""
    line: int = 0
