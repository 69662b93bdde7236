"""What memberships are made of besides themselves: pupils at schools, staff and what they teach, terms and categories."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec import Struct

from rostersync.connectors.fint.dates import Period, day, period_of, spanning, together
from rostersync.connectors.fint.entries import Entry, entry_of, text
from rostersync.connectors.fint.filing import Shelves
from rostersync.connectors.fint.leaders import leaders
from rostersync.connectors.fint.links import key_of, own, target, targets
from rostersync.connectors.fint.lookups import by_link, own_links
from rostersync.connectors.fint.resources import GROUPS, RELATIONS

PUPIL, TEACHER, EMPLOYEE, LEADER = "elev", "larer", "ansatt", "leder"
"""What a member's `rolle` can be."""

_UNKNOWN = ("?", "?")


class Holder(Struct, frozen=True, gc=False):
    """One elevforhold: a pupil at a school. `pupil` is her key, `school` the school's own link, `line` all of it."""

    pupil: str
    school: str
    begin: str
    end: str
    category: str
    code: str
    main: str
    line: bytes


class Employed(Struct, frozen=True, order=True, gc=False):
    """One member of a school's or group's staff. `who` is her key, `role` the `rolle`."""

    who: str
    role: str
    main: str = ""

    @property
    def line(self) -> bytes:
        """All of it, for digests."""
        return f"{self.who}\t{self.role}\t{self.main}".encode()


class _Forhold(Struct):
    """One undervisningsforhold: an employee at a school, who teaches if any group says so."""

    who: str
    school: str
    main: str
    teaches: bool = False


class Tables:
    """The look-ups of one reading. `dangling` counts links that lead nowhere, which are normal."""

    def __init__(self, shelves: Shelves, zone: ZoneInfo) -> None:
        self._zone = zone
        self.dangling = 0
        self.schools = own_links(shelves, "skole")
        self._staff = own_links(shelves, "skoleressurs")
        self._periods = {name: by_link(shelves, name, self._validity) for name in ("termin", "skolear")}
        self._categories = by_link(shelves, "elevkategori", lambda entry: (text(entry.navn), text(entry.kode)))
        self.holders = self._holders(shelves)
        self.teaching: dict[str, dict[str, set[Employed]]] = {group: {} for group in GROUPS}
        self.staff_at: dict[str, set[Employed]] = {}
        self._staffing(shelves)

    def known(self, aliases: dict[str, str], link: str) -> str:
        """The own link of what a link points to; empty, and counted, where it leads nowhere."""
        found = aliases.get(link, "")
        self.dangling += bool(link) and not found
        return found

    def period(self, group: Entry) -> Period:
        """When a group exists: as it says itself (model 3), else over its terms, else over its school year."""
        said = group.periode if isinstance(group.periode, list) else [group.periode]
        for periods in (
            [period_of(one, self._zone) for one in said],
            self._listed("termin", group.links.termin),
            self._listed("skolear", group.links.skolear),
        ):
            found = spanning(periods)
            if any(found):
                return found
        return "", ""

    def _validity(self, entry: Entry) -> Period:
        return period_of(entry.gyldighetsperiode, self._zone)

    def _listed(self, name: str, relation: object) -> list[Period]:
        return [period for link in targets(relation) if (period := self._periods[name].get(link))]

    # -- pupils -------------------------------------------------------------------------------------------------------

    def _holders(self, shelves: Shelves) -> dict[bytes, Holder]:
        """Every elevforhold by its own link. Pupils are pointed at by any of their links; most senders use the system id."""
        found: dict[bytes, Holder] = {}
        aliased: dict[bytes, tuple[str, Entry]] = {}
        for raw in shelves.entries("elevforhold"):
            entry = entry_of(raw)
            link, pupil = own(targets(entry.links.self_)).encode(), target(entry.links.elev)
            if not pupil:
                self.dangling += 1
            elif pupil.startswith("systemid/"):
                found[link] = self._holder(pupil, entry)
            else:
                aliased[link] = pupil, entry
        pupils = own_links(shelves, "elev", {pupil for pupil, _ in aliased.values()}) if aliased else {}
        for link, (alias, entry) in aliased.items():
            if pupil := self.known(pupils, alias):
                found[link] = self._holder(pupil, entry)
        return found

    def _holder(self, pupil: str, entry: Entry) -> Holder:
        school = self.known(self.schools, target(entry.links.skole))
        # she has stopped on this day, whatever was meant to be
        stopped = "", day(text(entry.avbruddsdato), self._zone)
        begin, end = together(self._validity(entry), stopped)
        link = target(entry.links.kategori)
        category, code = self._categories.get(link, _UNKNOWN) if link else ("", "")
        told = key_of("elev", pupil), school, begin, end, category, code, text(entry.hovedskole)
        return Holder(*told, "\t".join(told).encode())

    # -- staff --------------------------------------------------------------------------------------------------------

    def _staffing(self, shelves: Shelves) -> None:
        """Who works where and teaches what. Either side may hold the link, or both: the direction changed with 4.0.20."""
        posts: dict[str, _Forhold] = {}
        for raw in shelves.entries("undervisningsforhold"):
            entry = entry_of(raw)
            if who := self.known(self._staff, target(entry.links.skoleressurs)):
                school = self.known(self.schools, target(entry.links.skole))
                post = _Forhold(key_of("skoleressurs", who), school, text(entry.hovedskole))
                posts.update(dict.fromkeys(targets(entry.links.self_), post))
                for group in GROUPS:
                    for link in _pointed(entry, group):
                        self._teaches(post, group, link)
        for group in GROUPS:
            for raw in shelves.entries(group):
                entry = entry_of(raw)
                for link in targets(entry.links.undervisningsforhold):
                    if post_there := posts.get(link):
                        self._teaches(post_there, group, own(targets(entry.links.self_)))
                    else:
                        self.dangling += 1
        self._at_schools(shelves, posts)

    def _teaches(self, post: _Forhold, group: str, link: str) -> None:
        post.teaches = True
        self.teaching[group].setdefault(link, set()).add(Employed(post.who, TEACHER))

    def _at_schools(self, shelves: Shelves, posts: dict[str, _Forhold]) -> None:
        for post in posts.values():
            if post.school:
                one = Employed(post.who, TEACHER if post.teaches else EMPLOYEE, post.main)
                self.staff_at.setdefault(post.school, set()).add(one)
        for school, leading in leaders(shelves).items():
            there = self.staff_at.setdefault(school, set())
            there.update(Employed(key_of("skoleressurs", who), LEADER) for who in leading)
        for raw in shelves.entries("skoleressurs"):
            entry = entry_of(raw)
            key = key_of("skoleressurs", own(targets(entry.links.self_)))
            for link in targets(entry.links.skole):
                if school := self.known(self.schools, link):
                    there = self.staff_at.setdefault(school, set())
                    if all(one.who != key for one in there):
                        there.add(Employed(key, EMPLOYEE))


def _pointed(entry: Entry, group: str) -> Iterator[str]:
    for relation in RELATIONS[group]:
        yield from targets(getattr(entry.links, relation))
