"""Sections -> closures that turn one record into a claim, with what was left out and what cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from rostersync.mapping.compiled import (
    REMEMBERED,
    Get,
    Texts,
    choice_reader,
    first,
    period_reader,
    text_reader,
    values_reader,
)
from rostersync.mapping.rules import Section, SectionName
from rostersync.model import Claim, Contact, GroupClaim, MembershipClaim, PersonClaim, Record, Rejected, Skipped, Tie


class Mapped(Struct, frozen=True):
    """What became of one record: its claim, and what of it was left out (`skipped`) or cannot be used (`rejected`).

    `unread` are persons of whom a membership's claim says nothing, because their own records cannot be used.
    """

    claim: Claim | None
    skipped: tuple[Skipped, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    unread: tuple[str, ...] = ()


ReadRecord = Callable[[Record], Mapped]
ReadContact = Callable[[Record], Contact | Skipped]


class Readers(Struct, frozen=True):
    """The readers of a mapping: one for each kind of record, and one for a contact by itself."""

    by_kind: Mapping[str, ReadRecord]
    contact: ReadContact | None


def compile_readers(sections: Mapping[SectionName, Section], outer: frozenset[str]) -> Readers:
    """Compile every section. `outer` are the membership's own fields that the rules for its members mention."""
    contact = _contact_reader(sections["contact"]) if "contact" in sections else None
    by_kind: dict[str, ReadRecord] = {}
    if "person" in sections:
        by_kind["person"] = _person_reader(sections["person"], contact)
    if "group" in sections:
        by_kind["group"] = _group_reader(sections["group"])
    if "membership" in sections:
        by_kind["membership"] = _membership_reader(sections["membership"], outer)
    return Readers(by_kind, contact)


def _unusable(kind: Literal["person", "group", "membership"], because: str, record: Record, key: str = "") -> Mapped:
    return Mapped(None, (), (Rejected(kind, because, key, line=record.line),))


def _person_reader(section: Section, read_contact: ReadContact | None) -> ReadRecord:
    key_name, old_name = section.key, section.old_keys
    read_values, read_rest = values_reader(section.fields), values_reader(section.fields, complete=False)
    judge = choice_reader(section.skip, section.choice)

    def read(record: Record) -> Mapped:
        get = record.fields.get
        key = first(get(key_name))
        if not key:
            return _unusable("person", f"{key_name} is missing", record)
        verdict = judge(get)
        if verdict.rejected:
            return _unusable("person", verdict.rejected, record, key)
        left = verdict.left
        skipped = [Skipped(left)] if left else []
        try:
            values = read_rest(get, skipped) if left else read_values(get, skipped)
        except ValueError as reason:
            return _unusable("person", str(reason), record, key)
        contacts = _contacts(record.parts, read_contact, skipped) if read_contact and record.parts else ()
        return Mapped(PersonClaim(key, tuple(values), _old_keys(get, old_name, key), contacts, left), tuple(skipped))

    return read


def _old_keys(get: Get, name: str, key: str) -> tuple[str, ...]:
    old = [bare for text in get(name) or () if (bare := text.strip()) and bare != key] if name else ()
    return tuple(dict.fromkeys(old))


def _contacts(parts: Iterable[Record], read_contact: ReadContact, skipped: list[Skipped]) -> tuple[Contact, ...]:
    contacts = []
    for part in parts:
        contact = read_contact(part)
        if isinstance(contact, Contact):
            contacts.append(contact)
        else:
            skipped.append(contact)
    return tuple(dict.fromkeys(contacts))


def _contact_reader(section: Section) -> ReadContact:
    key_name = section.key
    judge = choice_reader(section.skip, section.choice)

    def read(part: Record) -> Contact | Skipped:
        get = part.fields.get
        verdict = judge(get)
        if verdict.left:
            return Skipped(verdict.left)
        key = first(get(key_name))
        if not key:
            return Skipped(f"a contact whose {key_name} is missing")
        return Contact(key, "guardian" if verdict.word == "guardian" else "question", verdict.because)

    return read


def _group_reader(section: Section) -> ReadRecord:
    key_name = section.key
    rules = [rule for rule in section.fields if rule.field not in ("begin", "end")]
    read_values, read_rest = values_reader(rules), values_reader(rules, complete=False)
    read_period = period_reader(section.fields)
    judge = choice_reader(section.skip, section.choice)

    def read(record: Record) -> Mapped:
        get = record.fields.get
        key = first(get(key_name))
        if not key:
            return _unusable("group", f"{key_name} is missing", record)
        verdict = judge(get)
        if verdict.rejected:
            return _unusable("group", verdict.rejected, record, key)
        left = verdict.left
        skipped = [Skipped(left)] if left else []
        try:
            values = dict(read_rest(get, skipped) if left else read_values(get, skipped))
            begin, end = (None, None) if left else read_period(get)
        except ValueError as reason:
            return _unusable("group", str(reason), record, key)
        claim = GroupClaim(key, verdict.word, **values, begin=begin, end=end, skipped=left)
        return Mapped(claim, tuple(skipped))

    return read


def _membership_reader(section: Section, outer: frozenset[str]) -> ReadRecord:
    key_name, member_name = section.key, section.member_key
    names = tuple(section.asked)
    tie_of = lru_cache(maxsize=REMEMBERED)(_tie_reader(section, names))
    # Where no rule asks who a member is, those who share their fields share the answer.
    alike: dict[int, tuple[Mapping[str, Texts], TieOf]] | None = None if member_name in names else {}

    def answer(part: Record, shared: Mapping[str, Texts]) -> TieOf:
        fields = part.fields
        if alike is None or shared:
            own = {member_name: (part.whose,)} if part.whose else {}
            return tie_of(tuple(map({**shared, **own, **fields}.get, names)))
        if (known := alike.get(id(fields))) is not None:
            return known[1]
        if len(alike) >= REMEMBERED:
            alike.clear()
        found = tie_of(tuple(map(fields.get, names)))
        alike[id(fields)] = (fields, found)  # holds the fields, so that nothing else can get their identity
        return found

    def read(record: Record) -> Mapped:
        fields = record.fields
        key = first(fields.get(key_name))
        if not key:
            return _unusable("membership", f"{key_name} is missing", record)
        shared = {name: fields[name] for name in outer if name in fields}
        ties: list[Tie] = []
        skipped: list[Skipped] = []
        rejected: list[Rejected] = []
        for part in record.parts:
            person = part.whose or first(part.fields.get(member_name))
            role, begin, end, primary, left, because = answer(part, shared)
            if because or not person:
                because = because if person else f"{member_name} is missing"
                rejected.append(Rejected("membership", because, key, person, part.line or record.line))
                continue
            ties.append(Tie(person, role, begin, end, primary, left))
            if left:
                skipped.append(Skipped(left))
        claim = MembershipClaim(key, tuple(ties), by_login=bool(section.match))
        return Mapped(claim, tuple(skipped), tuple(rejected), record.unread)

    return read


TieOf = tuple[str, date | None, date | None, bool, str, str]
"""Role, begin, end, primary, why she is out, why the member cannot be used."""


def _tie_reader(section: Section, names: tuple[str, ...]) -> Callable[[tuple[Texts, ...]], TieOf]:
    """Everything about a tie but whose it is, by the texts of the fields `names`: thousands of members share them."""
    primary_rule = next((rule for rule in section.fields if rule.field == "primary"), None)
    read_primary = text_reader(primary_rule) if primary_rule else None
    read_period = period_reader(section.fields)
    judge = choice_reader(section.skip, section.choice)

    def read(texts: tuple[Texts, ...]) -> TieOf:
        get = dict(zip(names, texts, strict=True)).get
        verdict = judge(get)
        try:
            begin, end = read_period(get)
            primary = read_primary is not None and read_primary(get) == "yes"
        except ValueError as reason:
            # a member who is out anyway need not have readable dates
            because = "" if verdict.left else verdict.rejected or str(reason)
            return verdict.word, None, None, False, verdict.left, because
        return verdict.word, begin, end, primary, verdict.left, verdict.rejected

    return read
