"""What people here decided about who is who: one person was two humans all the time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from rostersync.errors import UserMistake
from rostersync.store.joining import set_apart
from rostersync.store.leading import Key, Leading, Record
from rostersync.store.persons import open_person, place_of
from rostersync.store.tables import person, protection

Keeps = Literal["rest", "out"]


class Splitting(Leading):
    """Splits persons, who are named by their ids. Nothing is marked dirty here."""

    def split(self, person_id: str, out: Collection[str], keeps: Keeps, who: str, at: datetime) -> str:
        """Make one person two: the records named `out`, and the rest. `keeps` tells who keeps id and LMS users.

        With `keeps` "rest" the new person gets the records named, with "out" those not named. Gives her id.

        Raises:
            UserMistake: there is no such record, nothing would be left, she is protected, or people joined these records.
        """
        with self._database.begin():
            no, records = self._number(person_id), self.records(person_id)
            self._refuse_split(no, records, out)
            moved = [one.at for one in records if (one.name in out) == (keeps == "rest")]
            new = self._found(no, moved[0], at)
            self._move(moved, no, new)
            set_apart(self._database, no, new, who, at)
            new_id = self._id(new)
            self._copy_denials(person_id, new_id)
        return new_id

    def _refuse_split(self, no: int, records: list[Record], out: Collection[str]) -> None:
        names = {one.name for one in records}
        if unknown := sorted(set(out) - names):
            raise UserMistake(
                [f"she has no record {one}; she has {', '.join(sorted(names)) or 'none'}" for one in unknown]
            )
        if names <= set(out) or not out:
            raise UserMistake(["one record at least must be named, and one must be left: rostersync person KEY"])
        if any(one.joined for one in records if one.name in out):
            raise UserMistake(["`person link` brought that record here; undo it: rostersync person unlink KEY OTHER"])
        if self._database.conn.execute(sa.select(protection.c.level).where(protection.c.person_no == no)).first():
            raise UserMistake(["she is protected; end that first: rostersync unprotect KEY --reason ..."])

    def _found(self, no: int, at: Key, when: datetime) -> int:
        """A new person, whose id comes from the first of her records, as if that had founded her."""
        name, text = self._key_text(no, at)
        last = self._database.conn.execute(sa.select(sa.func.max(person.c.no))).scalar_one()
        ids = (self._database.ids.person(name, text if turn == 1 else f"{text}#{turn}") for turn in range(1, last + 2))
        new_id = next(one for one in ids if self._find(one) is None)
        wrapped = self._keyring.wrap(self._keyring.new_data_key())
        row = (last + 1, new_id, wrapped, when.isoformat())
        self._database.insert_many(person, ("no", "id", "data_key", "founded_run"), [row])
        return int(last) + 1

    def _key_text(self, no: int, at: Key) -> tuple[str, str]:
        """A source's name, and the key itself, which only the seal of its claim still knows."""
        one = next(one for one in self._claims(no) if (one.source_no, one.key) == at)
        opened = self._keyring.open(self._data_key(no), one.sealed, place_of(*at))
        return one.source, open_person(opened).key
