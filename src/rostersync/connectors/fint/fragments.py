"""Puts entries together into fragments: what each record is made of is in its digest, and is decoded only if that is new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from zoneinfo import ZoneInfo

from rostersync.connectors import Fragment, KeyedDigest
from rostersync.connectors.fint.dates import period_of, together
from rostersync.connectors.fint.entries import entry_of
from rostersync.connectors.fint.filing import HOLES, Shelves, hole_of
from rostersync.connectors.fint.links import key_of, own, target, targets
from rostersync.connectors.fint.lookups import raw_by_link
from rostersync.connectors.fint.records import Recorder, person_of
from rostersync.connectors.fint.tables import PUPIL, Employed, Holder, Tables
from rostersync.model import ClaimKind, Record

_BETWEEN = b"\n\n"
"""Between the parts of what a digest covers: no entry holds a line feed."""


class Fragments:
    """The fragments of one reading, section by section."""

    def __init__(self, shelves: Shelves, recorder: Recorder, zone: ZoneInfo, keyed: KeyedDigest, way: bytes) -> None:
        self._shelves = shelves
        self._recorder = recorder
        self._zone = zone
        self._keyed = keyed
        self._way = way

    # -- persons ------------------------------------------------------------------------------------------------------

    def pupils(self) -> Iterator[Fragment]:
        """Pupils with the persons they are, and the parents of pupils where these may leave."""
        for hole in range(HOLES):
            persons = self._shelves.by_key("person", hole)
            parents = self._shelves.by_key("barn", hole)
            for key, pupils in self._shelves.by_key("elev", hole).items():
                person = persons.get(key, [b""])[0]
                for pupil in pupils:
                    links = parents.get(key, [])
                    parts = (b"elev", pupil, person, *links)
                    yield self._fragment("person", parts, partial(self._pupil, pupil, person, links))
            for key in self._shelves.by_key("foreldre", hole):
                if key in persons:
                    person = persons[key][0]
                    yield self._fragment("person", (b"foresatt", person), partial(self._parent, person))

    def staff(self) -> Iterator[Fragment]:
        """Employees of schools. Their names stand in the personnel component; in the schools' own where that is withheld."""
        employments = raw_by_link(self._shelves, "personalressurs")
        found = []
        wanted = set()
        for raw in self._shelves.entries("skoleressurs"):
            links = entry_of(raw).links
            employment = employments.get(target(links.personalressurs), b"")
            told = [person_of(entry_of(employment)) if employment else "", target(links.person)]
            found.append((raw, employment, told))
            wanted.update(told)
        humans = self._humans(wanted - {""})
        for raw, employment, told in found:
            human = next((humans[link] for link in told if link in humans), b"")
            parts = (b"ansatt", raw, employment, human)
            yield self._fragment("person", parts, partial(self._employee, raw, employment, human))

    def _humans(self, wanted: set[str]) -> dict[str, bytes]:
        """The persons that some links point to."""
        found = {link: raw for link, raw in raw_by_link(self._shelves, "ansatt").items() if link in wanted}
        keys = {link.encode() for link in wanted - found.keys()}
        for hole in range(HOLES) if keys else ():
            persons = self._shelves.by_key("person", hole)
            found |= {key.decode(): persons[key][0] for key in keys & persons.keys()}
        return found

    # -- schools and groups -------------------------------------------------------------------------------------------

    def schools(self, tables: Tables, *, members: bool) -> Iterator[Fragment]:
        """Schools, and with `members` who is at each."""
        pupils: dict[str, list[Holder]] = {}
        for holder in tables.holders.values():
            pupils.setdefault(holder.school, []).append(holder)
        for raw in self._shelves.entries("skole"):
            link = own(targets(entry_of(raw).links.self_))
            yield self._fragment("group", (b"skole", raw), partial(self._school, raw))
            here, staff = pupils.get(link, []), sorted(tables.staff_at.get(link, ()))
            if members and (here or staff):
                lines = sorted({one.line for one in here})
                make = partial(self._at_school, link, here, staff)
                yield self._fragment("membership", (b"skole", link.encode(), *lines, *(s.line for s in staff)), make)

    def groups(self, kind: str, tables: Tables) -> Iterator[Fragment]:
        """The groups of a kind, and who is in each."""
        name, staffing = kind.encode(), tables.teaching[kind]
        for hole in range(HOLES):
            for raws in self._shelves.by_key(kind, hole).values():
                for raw in raws:
                    group = entry_of(raw)
                    school, period = tables.known(tables.schools, target(group.links.skole)), tables.period(group)
                    parts = (name, raw, school.encode(), "\t".join(period).encode())
                    yield self._fragment("group", parts, partial(self._group, kind, raw, school, period))
            members = self._shelves.pairs(f"{kind}medlemskap", hole)
            taught = {link for link in (key.encode() for key in staffing) if hole_of(link) == hole}
            for key in members.keys() | taught:
                staff = sorted(staffing.get(key.decode(), ()))
                yield self._membership(kind, key, members.get(key, ([], [])), staff, tables)

    def _membership(
        self, kind: str, key: bytes, members: tuple[list[bytes], list[bytes]], staff: list[Employed], tables: Tables
    ) -> Fragment:
        """Everybody in a group: the elevforhold that its memberships are of, those memberships, and its teachers."""
        links, entries = members
        holders = list(map(tables.holders.get, links))
        if None in holders:
            tables.dangling += holders.count(None)
            entries = [entry for entry, holder in zip(entries, holders, strict=True) if holder is not None]
        known = [holder for holder in holders if holder is not None]
        parts = (kind.encode(), key, *entries, *[one.line for one in known], *[one.line for one in staff])
        return self._fragment("membership", parts, partial(self._in_group, kind, key, known, entries, staff))

    def _fragment(self, kind: ClaimKind, parts: Iterable[bytes], parse: Callable[[], Record]) -> Fragment:
        return Fragment(kind, self._keyed(self._way + _BETWEEN.join(parts)), 0, parse)

    # -- what is decoded when its digest is new -----------------------------------------------------------------------

    def _pupil(self, pupil: bytes, person: bytes, parents: list[bytes]) -> Record:
        human = entry_of(person) if person else None
        return self._recorder.pupil(entry_of(pupil), human, [one.decode() for one in parents])

    def _parent(self, person: bytes) -> Record:
        return self._recorder.parent(entry_of(person))

    def _employee(self, skoleressurs: bytes, employment: bytes, person: bytes) -> Record:
        known = entry_of(employment) if employment else None
        return self._recorder.employee(entry_of(skoleressurs), known, entry_of(person) if person else None)

    def _school(self, raw: bytes) -> Record:
        return self._recorder.school(entry_of(raw))

    def _group(self, kind: str, raw: bytes, school: str, period: tuple[str, str]) -> Record:
        return self._recorder.group(kind, entry_of(raw), school, period)

    def _at_school(self, link: str, holders: list[Holder], staff: list[Employed]) -> Record:
        member = self._recorder.member
        pupils = [member(one.pupil, PUPIL, (one.begin, one.end), (one.category, one.code), one.main) for one in holders]
        employed = [member(one.who, one.role, ("", ""), main=one.main) for one in staff]
        return self._recorder.membership("skole", key_of("skole", link), (*pupils, *employed))

    def _in_group(
        self, kind: str, key: bytes, holders: list[Holder], entries: list[bytes], staff: list[Employed]
    ) -> Record:
        member = self._recorder.member
        pupils = []
        for one, entry in zip(holders, entries, strict=True):
            period = together((one.begin, one.end), period_of(entry_of(entry).gyldighetsperiode, self._zone))
            pupils.append(member(one.pupil, PUPIL, period, (one.category, one.code)))
        employed = [member(one.who, one.role, ("", "")) for one in staff]
        link = key.decode()
        return self._recorder.membership(kind, key_of(kind, link) if "/" in link else "", (*pupils, *employed))
