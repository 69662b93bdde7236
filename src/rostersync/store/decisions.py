"""What people here have decided about persons: pins, protections and denials. It outranks every source.

The reasons of protections and denials are sealed under the key of the person they are about. Nothing is marked dirty
here: the caller knows which targets and neighbours a decision reaches.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from rostersync.errors import UserMistake
from rostersync.store.engine import Database, moment
from rostersync.store.tables import denial, person, pin, protection


class Pin(msgspec.Struct, frozen=True):
    """A person whom no sync touches, through `until`. `at` is RFC 3339."""

    person: str
    until: date
    reason: str
    who: str
    at: str


class Protection(msgspec.Struct, frozen=True):
    """A person who is withheld from every LMS. `at` is RFC 3339."""

    person: str
    level: str
    reason: str
    who: str
    at: str


class Denial(msgspec.Struct, frozen=True):
    """A guardian who may not follow a pupil, through `until` (None = until further notice). `at` is RFC 3339."""

    pupil: str
    guardian: str
    until: date | None
    reason: str
    who: str
    at: str


class Decisions:
    """The decisions about everybody. Persons are named by their ids."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keyring = database.keyring

    # -- pins -------------------------------------------------------------------------------------------------------

    def pin(self, person_id: str, until: date, reason: str, who: str, at: datetime) -> None:
        """Let no sync touch a person's users through `until`. A pin that stands is replaced.

        Raises:
            UserMistake: no such person.
        """
        no, _ = self._person(person_id)
        self._replace(pin, (no,), (until.isoformat(), reason, who, moment(at)))

    def unpin(self, person_id: str) -> bool:
        """End a pin; false when there was none."""
        return self._end(pin, person_id)

    def pins(self) -> list[Pin]:
        """Every pin, by person id, those that have run out included."""
        query = sa.select(person.c.id, *list(pin.c)[1:]).join(person, person.c.no == pin.c.person_no)
        rows = self._database.conn.execute(query.order_by(person.c.id)).all()
        return [Pin(id_, date.fromisoformat(until), *rest) for id_, until, *rest in rows]

    # -- protections ------------------------------------------------------------------------------------------------

    def protect(self, person_id: str, level: str, reason: str, who: str, at: datetime) -> None:
        """Withhold a person from every LMS. A protection that stands is replaced.

        Raises:
            UserMistake: no such person.
        """
        no, key = self._person(person_id)
        sealed = self._keyring.seal(key, reason.encode(), _place("protection", person_id))
        self._replace(protection, (no,), (level, sealed, who, moment(at)))

    def unprotect(self, person_id: str) -> bool:
        """End a protection; false when there was none."""
        return self._end(protection, person_id)

    def protections(self) -> list[Protection]:
        """Every protected person, by id."""
        query = sa.select(person.c.data_key, person.c.id, *list(protection.c)[1:])
        query = query.join(person, person.c.no == protection.c.person_no).order_by(person.c.id)
        return [
            Protection(id_, level, self._opened(wrapped, sealed, _place("protection", id_)), *rest)
            for wrapped, id_, level, sealed, *rest in self._database.conn.execute(query).all()
        ]

    # -- denials ----------------------------------------------------------------------------------------------------

    def deny(self, pupil: str, guardian: str, reason: str, until: date | None, who: str, at: datetime) -> None:
        """Stop a guardian from following a pupil, through `until` (None = until further notice). Replaces a denial.

        Raises:
            UserMistake: no such person.
        """
        (pupil_no, key), (guardian_no, _) = self._person(pupil), self._person(guardian)
        sealed = self._keyring.seal(key, reason.encode(), _place("denial", pupil, guardian))
        last_day = None if until is None else until.isoformat()
        self._replace(denial, (pupil_no, guardian_no), (last_day, sealed, who, moment(at)))

    def allow(self, pupil: str, guardian: str) -> bool:
        """End a denial; false when there was none."""
        return self._end(denial, pupil, guardian)

    def denials(self) -> list[Denial]:
        """Every denial, by pupil and guardian id, those that have run out included."""
        adult = person.alias("adult")
        query = (
            sa.select(person.c.data_key, person.c.id, adult.c.id, *list(denial.c)[2:])
            .select_from(denial)
            .join(person, person.c.no == denial.c.pupil_no)
            .join(adult, adult.c.no == denial.c.guardian_no)
            .order_by(person.c.id, adult.c.id)
        )
        return [
            Denial(
                *(pupil, guardian, None if until is None else date.fromisoformat(until)),
                self._opened(wrapped, sealed, _place("denial", pupil, guardian)),
                *rest,
            )
            for wrapped, pupil, guardian, until, sealed, *rest in self._database.conn.execute(query).all()
        ]

    # -- rows -------------------------------------------------------------------------------------------------------

    def _person(self, person_id: str) -> tuple[int, bytes]:
        query = sa.select(person.c.no, person.c.data_key).where(person.c.id == person_id)
        row = self._database.conn.execute(query).one_or_none()
        if row is None:
            raise UserMistake(
                [f"no person here has the id {person_id}: look the person up with `rostersync person KEY`"]
            )
        return row.no, self._keyring.unwrap(row.data_key)

    def _replace(self, table: sa.Table, key: tuple[int, ...], rest: tuple[Any, ...]) -> None:
        columns = [column.name for column in table.columns]
        with self._database.begin():
            self._delete(table, key)
            self._database.insert_many(table, columns, [(*key, *rest)])

    def _end(self, table: sa.Table, *person_ids: str) -> bool:
        with self._database.begin():
            return self._delete(table, tuple(self._person(one)[0] for one in person_ids))

    def _delete(self, table: sa.Table, key: tuple[int, ...]) -> bool:
        row = sa.and_(*(column == no for column, no in zip(table.primary_key.columns, key, strict=True)))
        return self._database.conn.execute(sa.delete(table).where(row)).rowcount > 0

    def _opened(self, wrapped: bytes, sealed: bytes, place: bytes) -> str:
        return self._keyring.open(self._keyring.unwrap(wrapped), sealed, place).decode()


def _place(table: str, *person_ids: str) -> bytes:
    return "/".join((table, *person_ids)).encode()
