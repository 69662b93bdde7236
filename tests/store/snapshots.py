"""Builders for the tests of what comes in: a school's claims, snapshots of them, and what the state made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from rostersync.guard import Census
from rostersync.model import Card, Claim, Contact, GroupClaim, MembershipClaim, PersonClaim, Rejected, Tie
from rostersync.store import Store
from tests.states import SECRET, open_state, sql

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
IST = "ist"
LMS = "lms"

KARI_NUMBER, OLA_NUMBER, ANNE_NUMBER = "01911080326", "02821177858", "03857056662"
"""Synthetic: the month is 80 too high, and the check digits are right."""


def person(
    key: str,
    given: str = "Kari",
    family: str = "Nordmann",
    *,
    number: str = "",
    born: str = "",
    email: str = "",
    feide: str = "",
    guardians: Iterable[str] = (),
    old: Iterable[str] = (),
    left: str = "",
) -> PersonClaim:
    """One person as a source lists her; keys are given without their `sas/`."""
    said = {
        "national_number": number,
        "feide_id": feide,
        "given_name": given,
        "family_name": family,
        "birth_date": born,
        "email": email,
    }
    return PersonClaim(
        key=f"sas/{key}",
        values=tuple((field, text) for field, text in said.items() if text),
        old_keys=tuple(f"sas/{one}" for one in old),
        contacts=tuple(Contact(f"sas/{one}", "guardian") for one in guardians),
        left=left,
    )


def school(key: str = "s1", name: str = "Nordskogen skole", number: str = "974589230", parent: str = "") -> GroupClaim:
    return GroupClaim(f"sas/{key}", "school", name, name, number=number, parent=f"sas/{parent}" if parent else "")


def klass(
    key: str = "8a", at: str = "s1", name: str = "8A", *, kind: str = "base_class", mentor: str = "", skipped: str = "",
    end: date | None = None,
) -> GroupClaim:  # fmt: skip
    mentor_key = f"sas/{mentor}" if mentor else ""
    return GroupClaim(f"sas/{key}", kind, name, name, f"sas/{at}", end=end, mentor=mentor_key, skipped=skipped)


def tie(key: str, role: str = "learner", begin: date | None = None, end: date | None = None, left: str = "") -> Tie:
    return Tie(f"sas/{key}", role, begin, end, left=left)


def members(group: str, *ties: Tie | str) -> MembershipClaim:
    """The members of a group; a bare key is a pupil."""
    return MembershipClaim(f"sas/{group}", tuple(tie(one) if isinstance(one, str) else one for one in ties))


@dataclass(frozen=True)
class Broken:
    """A fragment that cannot be used, or only in part."""

    rejected: tuple[Rejected, ...]
    usable: Claim | None = None
    text: str = "broken"
    unread: tuple[str, ...] = ()


def broken_person(key: str, because: str = "no family name") -> Broken:
    return Broken((Rejected("person", because, f"sas/{key}" if key else ""),), text=f"person {key}")


def without(claim: MembershipClaim, *parts: str, because: str = "unknown role") -> Broken:
    """A membership of which the parts of these persons ("" = not even told whose) were rejected."""
    rejected = tuple(Rejected("membership", because, claim.key, f"sas/{one}" if one else "") for one in parts)
    return Broken(rejected, claim, text=f"{claim.key} {parts}")


@dataclass(frozen=True)
class Spelt:
    """A claim whose fragment has other bytes, such as another order of attributes."""

    claim: Claim
    spelling: str


Part = Claim | Broken | Spelt


def take_in(
    store: Store,
    parts: Iterable[Part],
    *,
    source: str = IST,
    run: str = "run-1",
    at: datetime = NOW,
    targets: Sequence[str] = (LMS,),
    accept: bool = True,
    full: bool = False,
    partial: bool = False,
) -> Census:
    """Read one snapshot as a run does: what is known is skipped, the rest is taken or rejected."""
    keyed = store.keyed
    with store.intake(source, run, at) as intake:
        for part in parts:
            digest = keyed(bytes_of(part))
            if not full and intake.knows(digest):
                continue
            if isinstance(part, Broken):
                intake.reject(digest, part.rejected, part.usable, part.unread)
            else:
                intake.take(digest, part.claim if isinstance(part, Spelt) else part)
        census = intake.close(partial=partial)
        if accept:
            intake.accept(f"{run:0>64}", "1", at, "root closed", targets)
    return census


def bytes_of(part: Part) -> bytes:
    """The fragment that says this."""
    if isinstance(part, Broken):
        return part.text.encode() + msgspec.msgpack.encode(part.usable)
    spelling, claim = (part.spelling, part.claim) if isinstance(part, Spelt) else ("", part)
    return f"{type(claim).__name__} {spelling}".encode() + msgspec.msgpack.encode(claim)


# -- looking at what came of it -------------------------------------------------------------------------------------


def id_of(store: Store, key: str) -> str:
    """The one person behind a key of the tests."""
    (found,) = store.cards.find(f"sas/{key}")
    return found


def card_of(store: Store, key: str, sources: Sequence[str] = (IST,)) -> Card:
    card = store.cards.card(id_of(store, key), sources)
    assert card is not None
    return card


def all_cards(store: Store, sources: Sequence[str] = (IST,), size: int = 5_000) -> list[Card]:
    return [card for batch in store.cards.touched(LMS, TODAY, sources, full=True, size=size) for card in batch]


def dirty(store: Store, target: str = LMS) -> set[str]:
    """Whom the next plan for a target looks at."""
    return {card.person for batch in store.cards.touched(target, TODAY, [IST]) for card in batch}


def clean(store: Store) -> None:
    """As after a delivery that succeeded in full."""
    store.cards.clean(LMS, [card.person for card in all_cards(store)])


def names(card: Card) -> list[str]:
    """The given names of the present claims on a card."""
    return [dict(claim.values)["given_name"] for claim in card.claims if claim.present]


def groups_of(card: Card) -> set[tuple[str, str]]:
    """(group name, role) of the ties that its sources list and use."""
    return {(one.group.name if one.group else "?", one.role) for one in card.ties if not one.left}


@contextmanager
def opened(path: Path, secret: str = SECRET) -> Iterator[Store]:
    """The state at a path, closed at the end of the block."""
    store = open_state(path, secret)
    try:
        yield store
    finally:
        store.close()


def present(path: Path) -> set[tuple[Any, ...]]:
    """Everything that counts as present: claims, ties, contacts and groups, without what only tells when it came."""
    return {
        *sql(path, "SELECT 'claim', source_no, kind, key, content, rejected FROM claim WHERE present"),
        *sql(
            path,
            'SELECT \'tie\', tie.source_no, group_key, person_key, role, tie.begin, tie.end, "primary", "left"'
            " FROM tie JOIN claim ON claim.no = tie.claim_no WHERE standing AND present",
        ),
        *sql(
            path,
            "SELECT 'contact', contact.source_no, pupil_key, contact_key, contact.kind"
            " FROM contact JOIN claim ON claim.no = contact.claim_no WHERE present",
        ),
        *sql(
            path,
            'SELECT "end", source_no, key, id, kind, parent_key, "begin", skipped FROM "group" WHERE standing',
        ),
    }
