"""What people here decided about who is who: two persons are one human, or they are two after all.

Joining moves the keys of one person to the other. Whose a key was at first is kept (`origin`), together with the tree of
who became whom (`alias`), so that undoing it finds everything again, whatever was joined in between.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from rostersync.errors import UserMistake
from rostersync.store.engine import Database, moment
from rostersync.store.leading import Leading
from rostersync.store.tables import alias, apart, known, link, origin, person, pin, protection


class Joining(Leading):
    """Joins and parts persons, who are named by their ids. Nothing is marked dirty here."""

    def joined_into(self, person_id: str) -> str:
        """The person whom people here say this one is; empty for nobody else."""
        survivor = person.alias("survivor")
        query = (
            sa.select(survivor.c.id)
            .select_from(alias)
            .join(person, person.c.no == alias.c.old_no)
            .join(survivor, survivor.c.no == alias.c.new_no)
            .where(person.c.id == person_id)
        )
        return self._database.conn.execute(query).scalar() or ""

    # -- two persons are one ----------------------------------------------------------------------------------------

    def join(self, one_id: str, other_id: str, who: str, at: datetime) -> tuple[str, str]:
        """Two persons are one human: the one with the older LMS user survives. Gives her id, and the other's.

        Whom a guardian was denied, she stays denied.

        Raises:
            UserMistake: they are one already, one of them is another person's by now, protected or pinned.
        """
        with self._database.begin():
            if one_id == other_id:
                raise UserMistake(["both keys mean one person already: rostersync person KEY"])
            kept, gone = sorted((self._number(one_id), self._number(other_id)), key=self._age)
            for no in (kept, gone):
                self._refuse_bound(no)
            keys = self._keys(gone)
            # What was joined before keeps telling whose it was at first.
            self._database.insert_many(
                origin, ("source_no", "key", "person_no"), [(*key, gone) for key in keys], ignore=True
            )
            self._move(keys, gone, kept)
            self._hand_over_logins(gone, kept)
            row = {"old_no": gone, "new_no": kept, "who": who, "at": moment(at)}
            self._database.conn.execute(sa.insert(alias).values(row))
            self._database.delete_many(apart, ("one_no", "other_no"), [(min(kept, gone), max(kept, gone))])
            ids = (self._id(kept), self._id(gone))
            self._copy_denials(ids[1], ids[0])
        return ids

    def _hand_over_logins(self, before: int, after: int) -> None:
        """What leads to her by login only is hers from now on; the next run asks afresh who holds it."""
        hers = sa.and_(link.c.person_no == before, link.c.kind == "login")
        self._database.conn.execute(sa.update(link).where(hers).values(person_no=after))

    def _age(self, no: int) -> tuple[bool, bool, int]:
        """Those whom an LMS holds come first, adopted users before ours, the older person before the newer."""
        users = sa.select(known.c.target_key).where(known.c.person_no == no)
        keys = self._database.conn.execute(users).scalars().all()
        return not keys, not any(keys), no

    def _refuse_bound(self, no: int) -> None:
        """What was decided about somebody ends by its own command."""
        bound = {
            protection: "one of them is protected; end that first: rostersync unprotect KEY --reason ...",
            pin: "one of them is pinned; end that first: rostersync pin remove KEY --reason ...",
        }
        for table, advice in bound.items():
            if self._database.conn.execute(sa.select(table.c.person_no).where(table.c.person_no == no)).first():
                raise UserMistake([advice])
        if self._database.conn.execute(sa.select(alias.c.old_no).where(alias.c.old_no == no)).first():
            raise UserMistake([f"{self._id(no)} was joined with another person; name that one: rostersync person KEY"])

    # -- one person is two ------------------------------------------------------------------------------------------

    def part(self, one_id: str, other_id: str, who: str, at: datetime) -> bool:
        """Two persons are two humans: undo that they were joined, if they were, and remember it. Tells if it was.

        Raises:
            UserMistake: both are one person and were never two here, or one does not exist.
        """
        with self._database.begin():
            one, other = self._number(one_id), self._number(other_id)
            if one == other:
                raise UserMistake(
                    ["both keys mean one person, and no `person link` joined them: rostersync person split KEY"]
                )
            undone = self._undo(one, other)
            set_apart(self._database, one, other, who, at)
        return undone

    def _undo(self, one: int, other: int) -> bool:
        between = sa.or_(
            sa.and_(alias.c.old_no == one, alias.c.new_no == other),
            sa.and_(alias.c.old_no == other, alias.c.new_no == one),
        )
        undone = self._database.conn.execute(sa.delete(alias).where(between)).rowcount > 0
        if undone:
            self._send_home()
        return undone

    def _send_home(self) -> None:
        """Every joined key leads to whoever her person is now, after somebody was taken out of the tree."""
        became = dict(map(tuple, self._database.conn.execute(sa.select(alias.c.old_no, alias.c.new_no)).all()))
        query = sa.select(origin, link.c.person_no.label("now")).join(
            link, sa.and_(link.c.source_no == origin.c.source_no, link.c.key == origin.c.key)
        )
        for source_no, key, before, now in self._database.conn.execute(query).all():
            home = before
            while home in became:
                home = became[home]
            if home != now:
                self._move([(source_no, key)], now, home)
            if home == before:
                self._database.delete_many(origin, ("source_no", "key"), [(source_no, key)])


def set_apart(database: Database, one: int, other: int, who: str, at: datetime) -> None:
    """Remember that two persons (row numbers) are two humans."""
    pair = (min(one, other), max(one, other))
    database.delete_many(apart, ("one_no", "other_no"), [pair])
    database.insert_many(apart, ("one_no", "other_no", "who", "at"), [(*pair, who, moment(at))])


def apart_pairs(database: Database) -> set[frozenset[str]]:
    """Pairs of person ids of whom people here said that they are two humans."""
    one, other = person.alias("one"), person.alias("other")
    query = (
        sa.select(one.c.id, other.c.id)
        .select_from(apart)
        .join(one, one.c.no == apart.c.one_no)
        .join(other, other.c.no == apart.c.other_no)
    )
    return {frozenset(map(str, pair)) for pair in database.conn.execute(query)}
