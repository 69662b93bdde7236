"""Maps rows to records, the same way whatever shape they came in: persons, the groups they make up, and who is in them.

A person row tells of a person, her school, her class and her contact teacher; a membership row of one person in one
group. The columns behind all of these are the layout's business, what they mean the mapping's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Final

from msgspec import structs

from rostersync.connectors import Wanted
from rostersync.connectors.sits.layout import GROUP_FIELDS, Layout, Table
from rostersync.connectors.sits.people import How, Match, People, key_of
from rostersync.connectors.sits.rows import Row
from rostersync.connectors.sits.schools import School, Schools
from rostersync.model import Record, RecordKind

Texts = Mapping[str, tuple[str, ...]]
_Told = tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]
"""Whose a member's record is, and what it says."""

_KINDS: Final[tuple[RecordKind, ...]] = ("person", "group", "membership", "member")
_OF_PERSON_ROWS: Final = ("school", "class", "mentor")
"""The types of groups whose members the person rows name."""

_NOTHING: Final[frozenset[str]] = frozenset()
_OF_A_GROUP: Final = ("key", "type", "name", "parent", "mentor", "found", "organisation_number", "class", *GROUP_FIELDS)
_OF_A_PERSON: Final = ("key", "row", "found", "organisation_number")
_OF_A_MEMBER: Final = ("member", "row", "found")


def every_field(layout: Layout) -> Wanted:
    """Every field name that a layout's rows can deliver, by record kind."""
    persons = [field for table in layout.tables if table.kind == "person" for field in table.fields]
    members = [field for table in layout.tables for field in table.fields if field not in GROUP_FIELDS]
    return {
        "person": frozenset((*_OF_A_PERSON, *persons)),
        "group": frozenset(_OF_A_GROUP),
        "membership": frozenset(("key", "type")),
        "member": frozenset((*_OF_A_MEMBER, *members)),
        "contact": frozenset(),
    }


def records(rows: Collection[Row], layout: Layout, schools: Schools, wanted: Wanted) -> Iterator[Record]:
    """The records of an export, persons first. The order of its rows makes no difference to any of them."""
    people = People(rows, layout, schools)
    town = _Town(schools, people, wanted)
    tables = {table.name: table for table in layout.tables}
    seen: set[object] = set()
    for row in rows:
        table = tables[row.table]
        if table.kind == "membership":
            town.take_membership(row, table)
            continue
        record = town.take_person(row, table)
        if (told := tuple(sorted(record.fields.items()))) not in seen:
            seen.add(told)
            yield record
    yield from town.groups()
    yield from town.memberships()


class _Town:
    """The groups that the rows make up, and their members."""

    def __init__(self, schools: Schools, people: People, wanted: Wanted) -> None:
        self._schools = schools
        self._people = people
        self._wanted = {kind: wanted.get(kind, _NOTHING) for kind in _KINDS}
        self._unread: set[str] = set()
        self._groups: dict[str, dict[str, set[str]]] = {}
        self._members: dict[str, dict[_Told, Record]] = {}

    # -- rows -------------------------------------------------------------------------------------------------------

    def take_person(self, row: Row, table: Table) -> Record:
        """The person of a row; on the way, she joins her school, her class and her contact teacher's group."""
        key = key_of(row, table.spaces[0])
        school = self._schools.find(row.one("school"))
        fields = {**row.fields, **_texts(key=key, row=row.table)}
        if "school" in row.fields:
            fields |= _texts(found=_known(school), organisation_number=school.number if school else "")
        if key and not school and "school" in row.fields:
            self._unread.add(key)  # nobody knows whether she is still where she was
        if key and school:
            at = self._school(school)
            self._join(at, row, Match(key, "yes"))
            for name in row.fields.get("class", ()):
                self._join(self._class(name, row, school, at), row, Match(key, "yes"))
            for named in row.fields.get("teacher", ()):
                self._join(self._mentors(named, school, at), row, Match(key, "yes"))
        return self._record("person", fields, row.line)

    def take_membership(self, row: Row, table: Table) -> None:
        """The group of a row, and its member."""
        if not (group := row.one("group")):
            return
        school = self._schools.find(row.one("school"))
        own = {field: texts for field, texts in row.fields.items() if field in GROUP_FIELDS}
        parent = self._school(school) if school else ""
        key = self._group(f"group/{group}", {**own, **_texts(type="group", parent=parent, found=_known(school))})
        self._join(key, row, self._people.match(row, table.spaces))

    # -- groups -----------------------------------------------------------------------------------------------------

    def _school(self, school: School) -> str:
        owner = self._schools.owner
        parent = ""
        if owner:
            parent = self._group(
                f"owner/{owner.number}", _texts(type="owner", name=owner.name, organisation_number=owner.number)
            )
        fields = _texts(type="school", name=school.name, organisation_number=school.number, parent=parent, found="yes")
        return self._group(f"school/{school.number}", fields)

    def _class(self, name: str, row: Row, school: School, at: str) -> str:
        year = row.one("year")
        fields = _texts(type="class", name=name, parent=at, year=year, found="yes") | {"class": (name,)}
        return self._group(f"class/{school.number}/{year}/{name}", fields)

    def _mentors(self, named: str, school: School, at: str) -> str:
        """The group of those who have the same contact teacher. Who cannot be found has one too, and it is listed."""
        teacher, found = self._people.teacher(named, school.number)
        if found != "yes":
            # a name is nobody's key, and none of ours
            mark = sha256(f"{school.number}/{named.casefold()}".encode()).hexdigest()[:16]
            return self._group(f"mentor/{school.number}/?{mark}", _texts(type="mentor", parent=at, found=found))
        fields = _texts(type="mentor", name=self._people.name(teacher), mentor=teacher, parent=at, found=found)
        return self._group(f"mentor/{school.number}/{teacher}", fields)

    def _group(self, key: str, fields: Texts) -> str:
        known = self._groups.setdefault(key, {"key": {key}})
        for field, texts in fields.items():
            known.setdefault(field, set()).update(texts)
        return key

    def _join(self, group: str, row: Row, who: Match) -> None:
        fields = {field: texts for field, texts in row.fields.items() if field not in GROUP_FIELDS}
        record = self._record("member", {**fields, **_texts(row=row.table, found=who.found)}, row.line, who.key)
        told = who.key, tuple(sorted(record.fields.items()))
        self._members.setdefault(group, {}).setdefault(told, record)

    def groups(self) -> Iterator[Record]:
        """Every group, in the order of their keys. What its rows disagree on stands in it several times."""
        for _, known in sorted(self._groups.items()):
            if len(known.get("parent", ())) > 1:
                known["found"] = {"ambiguous"}
            yield self._record("group", {field: tuple(sorted(texts)) for field, texts in known.items()})

    def memberships(self) -> Iterator[Record]:
        """The members of every group that has some."""
        for key, members in sorted(self._members.items()):
            (kind,) = self._groups[key]["type"]
            parts = tuple(members[told] for told in sorted(members))
            record = self._record("membership", _texts(key=key, type=kind), parts=parts)
            unread = tuple(sorted(self._unread)) if kind in _OF_PERSON_ROWS else ()
            yield structs.replace(record, unread=unread)

    def _record(
        self, kind: RecordKind, fields: Texts, line: int = 0, whose: str = "", parts: tuple[Record, ...] = ()
    ) -> Record:
        kept = {field: texts for field, texts in fields.items() if field in self._wanted[kind] and texts}
        return Record(kind, kept, line, parts, whose if "member" in self._wanted["member"] else "")


def _texts(**texts: str) -> dict[str, tuple[str, ...]]:
    return {field: (text,) for field, text in texts.items() if text}


def _known(school: School | None) -> How:
    return "yes" if school else "unknown"
