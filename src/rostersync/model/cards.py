"""What we know of one human: all claims about her, the facts of her groups, and what people here decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from rostersync.model.vocabulary import Role
from rostersync.model.wording import Told


class School(Struct, frozen=True, gc=False):
    """An organisation as cards refer to it. `number` is the organisation number, digits only."""

    id: str
    name: str
    number: str = ""
    key: str = ""


class GroupFact(Struct, frozen=True, gc=False):
    """A group as cards refer to it. `standing` is false when no accepted snapshot has it any more."""

    id: str
    kind: str
    name: str
    title: str
    school: School | None
    begin: date | None = None
    end: date | None = None
    standing: bool = True


class TieFact(Struct, frozen=True, gc=False):
    """A tie on a card, with the group it leads to (None when the source never described that group)."""

    group: GroupFact | None
    role: str
    source: str
    begin: date | None = None
    end: date | None = None
    primary: bool = False
    left: str = ""


class ContactFact(Struct, frozen=True, gc=False):
    """A contact on a pupil's card. `person` is the adult's id; `present` and `protected` are facts about that adult."""

    person: str
    kind: Literal["guardian", "question"]
    source: str
    present: bool = True
    protected: bool = False
    because: str = ""


class OwnClaim(Struct, frozen=True, gc=False):
    """One source's claim on a card, in the sync's source order.

    `present` is false when the last accepted snapshot no longer had it (the values are then the last good ones);
    `rejected` is true while its newest record cannot be used; `run` is the run that accepted it; `first` orders
    claims of one source by age. `key` is the surrogate of the key it came under: two live claims of one source and key
    are one person recorded twice, or two persons under one key. `lost` is true of one that counts although its source,
    which only adds, does not list her any more.
    """

    source: str
    values: tuple[tuple[str, str], ...]
    contacts: tuple[ContactFact, ...] = ()
    left: str = ""
    present: bool = True
    rejected: bool = False
    run: str = ""
    first: int = 0
    key: int = 0
    lost: bool = False


class Grant(Struct, frozen=True, gc=False):
    """A role given by the grants file: at one school (`school` is its organisation number), between two dates."""

    role: Role
    school: str
    reason: str
    begin: date | None = None
    end: date | None = None


class Consent(Struct, frozen=True, gc=False):
    """A grown-up pupil's consent that a guardian keeps access until `end`. `guardian` is a person id, or empty for all."""

    guardian: str
    reason: str
    end: date | None = None


class Local(Struct, frozen=True, gc=False):
    """What people here have decided about a person; it outranks every source.

    `denied` maps a guardian's person id to the last day of the denial (None = until further notice).
    `restricted` is a hold set by an administrator (GDPR restriction, `trash hold`). `same_as` is the person (id) whom
    people said this one is: that one has all the claims now.
    """

    protected: str = ""
    pinned_until: date | None = None
    denied: tuple[tuple[str, date | None], ...] = ()
    grants: tuple[Grant, ...] = ()
    consents: tuple[Consent, ...] = ()
    same_as: str = ""


class Card(Struct, frozen=True, gc=False):
    """All claims about one human, the facts of her groups, and her neighbours over guardianships.

    `wards` are the cards of the pupils who name her as a contact (their own `wards` are empty). `since` is the day on
    which the sources first told of her.
    """

    person: str
    claims: tuple[OwnClaim, ...] = ()
    ties: tuple[TieFact, ...] = ()
    wards: tuple[Card, ...] = ()
    local: Local = Local()
    since: date | None = None


class Samlegruppe(Struct, frozen=True, gc=False):
    """A computed group of everybody at a school who holds one of some tie words, or who is a guardian of its pupils."""

    kind: str
    title: str
    ties: frozenset[str]
    role: Role
    guardians: bool = False


class RoleModel(Struct, frozen=True, gc=False):
    """The role model of one owner, read from `mappings/roles/*.yaml`.

    `ties` turns a mapping's tie words into LMS roles; `suggests` are words that only suggest a higher role for
    approval; `release` lists the fields a role's user may carry; `groups` says which roles become members of which
    group kind (a kind not named becomes no LMS group); `revealing` are words that make a group's name sensitive, and
    `neutral_title` what such a group is called instead. `targets` is a type of target -> what it calls all that.
    """

    name: str
    ties: Mapping[str, Role]
    suggests: Mapping[str, Role]
    release: Mapping[Role, tuple[str, ...]]
    groups: Mapping[str, frozenset[Role]]
    samlegrupper: tuple[Samlegruppe, ...]
    revealing: tuple[str, ...] = ()
    neutral_title: str = ""
    targets: Mapping[str, Told] = {}
    digest: str = ""
