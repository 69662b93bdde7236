"""Finds persons and groups by what a person typed, and persons by where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from rostersync.normalize import clean, national_number
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.sources import Sources
from rostersync.store.tables import group, known, link, person

_IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)

_BY_IDENTIFIER: Final = sa.text("""
    SELECT DISTINCT person.id FROM identifier
      JOIN claim ON claim.no = identifier.claim_no
      JOIN link ON link.source_no = claim.source_no AND link.key = claim.key
      JOIN person ON person.no = link.person_no
     WHERE identifier.kind = :kind AND identifier.digest = :digest
""")

_MEMBERS: Final = sa.text("""
    SELECT DISTINCT person.id FROM "group" CROSS JOIN claim CROSS JOIN tie CROSS JOIN link CROSS JOIN person
     WHERE "group".id = :id
       AND claim.source_no = "group".source_no AND claim.kind IN ('group', 'membership') AND claim.key = "group".key
       AND tie.claim_no = claim.no AND tie.standing
       AND link.source_no = tie.source_no AND link.key = tie.person_key AND person.no = link.person_no
     ORDER BY person.id
""")

_OF_SCHOOL: Final = sa.text("""
    WITH RECURSIVE below (source_no, key) AS (
        SELECT source_no, key FROM "group" WHERE id = :id
        UNION
        SELECT "group".source_no, "group".key FROM below CROSS JOIN "group"
         WHERE "group".source_no = below.source_no AND "group".parent_key = below.key
    )
    SELECT DISTINCT person.id FROM below CROSS JOIN claim CROSS JOIN tie CROSS JOIN link CROSS JOIN person
     WHERE claim.source_no = below.source_no AND claim.kind IN ('group', 'membership') AND claim.key = below.key
       AND tie.claim_no = claim.no AND tie.standing
       AND link.source_no = tie.source_no AND link.key = tie.person_key AND person.no = link.person_no
     ORDER BY person.id
""")

_NEIGHBOURS: Final = tuple(
    sa.text(f"""
    SELECT DISTINCT neighbour.id
      FROM person CROSS JOIN link CROSS JOIN contact CROSS JOIN link AS theirs CROSS JOIN person AS neighbour
     WHERE person.id IN :ids AND link.person_no = person.no
       AND contact.source_no = link.source_no AND contact.{own} = link.key
       AND theirs.source_no = contact.source_no AND theirs.key = contact.{other} AND neighbour.no = theirs.person_no
    """).bindparams(_IDS)  # noqa: S608 - column names only
    for own, other in (("pupil_key", "contact_key"), ("contact_key", "pupil_key"))
)


class Finding:
    """Looks persons and groups up. Every answer is a list: nobody, one, or several that a person has to choose from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> list[str]:
        """The person ids that a typed key can mean.

        It is our person id, an LMS user's id, a source key (`source/id`, or what follows the slash), or a Feide id.
        """
        typed = clean(key)
        found = {*self._by_id(typed), *self._by_source_key(typed), *self._by_identifier("feide_id", typed)}
        return sorted(found)

    def find_number(self, number: str) -> list[str]:
        """The person ids behind a national number; also one that is not genuine, where a source uses it as its key."""
        digits = national_number(number).digits
        return sorted({*self._by_identifier("national_number", digits), *self._by_source_key(digits)}) if digits else []

    def find_group(self, key: str) -> list[str]:
        """The group ids that our id or a source key means."""
        typed = clean(key)
        where: list[sa.ColumnElement[bool]] = [group.c.id == typed]
        for no, surrogate, check in self._surrogates(typed):
            where.append(sa.and_(group.c.source_no == no, group.c.key == surrogate, group.c.check == check))
        return self._ids(sa.select(group.c.id).where(sa.or_(*where)).distinct().order_by(group.c.id))

    def members(self, group_id: str) -> list[str]:
        """The person ids tied to a group today, whatever their role, in id order."""
        return self._ids(_MEMBERS, id=group_id)

    def of_school(self, organisation_id: str) -> list[str]:
        """The person ids tied to a school or to any group below it, in id order."""
        return self._ids(_OF_SCHOOL, id=organisation_id)

    def neighbourhood(self, persons: Iterable[str]) -> list[str]:
        """These persons with the adults they name as pupils and the pupils who name them, in id order."""
        found: set[str] = set()
        for ids in batches(persons, BATCH):
            found.update(ids)
            for statement in _NEIGHBOURS:
                found.update(self._ids(statement, ids=ids))
        return sorted(found)

    def _by_id(self, id_: str) -> list[str]:
        user = sa.select(person.c.id).join(known, known.c.person_no == person.c.no).where(known.c.id == id_).distinct()
        return self._ids(sa.select(person.c.id).where(person.c.id == id_)) or self._ids(user)

    def _by_source_key(self, typed: str) -> Iterator[str]:
        for no, surrogate, check in self._surrogates(typed):
            query = sa.select(person.c.id).join(link, link.c.person_no == person.c.no)
            query = query.where(link.c.source_no == no, link.c.key == surrogate, link.c.check == check)
            yield from self._ids(query)

    def _by_identifier(self, kind: str, text: str) -> list[str]:
        return self._ids(_BY_IDENTIFIER, kind=kind, digest=self._database.keyring.identifiers(kind)(text))

    def _surrogates(self, typed: str) -> Iterator[tuple[int, int, bytes]]:
        """What a typed key would be in each source: (source number, surrogate, check).

        A bare key is also tried with each of the source's key spaces before it.
        """
        sources = Sources(self._database)
        for name, no in sources.numbers().items():
            keys = [typed] if "/" in typed else [typed, *(f"{space}/{typed}" for space in sources.key_spaces(name))]
            for key in keys:
                yield (no, *self._database.keyring.surrogate(name, key))

    def _ids(self, statement: sa.Executable, **binds: Any) -> list[str]:
        return list(self._database.conn.execute(statement, binds).scalars())
