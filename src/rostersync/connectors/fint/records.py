"""Makes records of entries. The tables name every field that can leave FINT; what no table names cannot.

Addresses, pictures, mother tongue, remarks, absence and assessment are not even decoded. Contact details belong to parents'
records only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from rostersync.connectors import Wanted
from rostersync.connectors.fint.dates import day
from rostersync.connectors.fint.entries import Entry, inner, text
from rostersync.connectors.fint.links import key_of, own, target, targets
from rostersync.model import ClaimKind, Record, RecordKind

_NAMES: Final = ("fornavn", "mellomnavn", "etternavn")
_CONTACT: Final = ("epostadresse", "mobiltelefonnummer")

FIELDS: Final[Wanted] = {
    "person": frozenset(
        {"id", "rolle", "systemId", "elevnummer", "feidenavn", "brukernavn", "gjest", "ansattnummer"}
        | {"fodselsnummer", "fodselsdato"}
        | {f"navn.{name}" for name in _NAMES}
        | {f"kontaktinformasjon.{name}" for name in _CONTACT}
    ),
    "contact": frozenset({"id", "relasjon"}),
    "group": frozenset(
        {"id", "type", "navn", "beskrivelse", "skole", "organisasjonsnummer", "skolenummer", "start", "slutt"}
    ),
    "membership": frozenset({"gruppe", "type"}),
    "member": frozenset({"medlem", "rolle", "kategori", "hovedskole", "start", "slutt"}),
}
"""Record kind -> the fields that FINT can deliver."""

_REMEMBERED: Final = 4096

Texts = Mapping[str, str | tuple[str, ...]]


class Recorder:
    """Makes records with the fields that are `wanted`."""

    def __init__(self, wanted: Wanted, zone: ZoneInfo) -> None:
        self._wanted = {kind: wanted.get(kind, frozenset()) & FIELDS[kind] for kind in FIELDS}
        self._zone = zone
        self._members: dict[tuple[object, ...], Mapping[str, tuple[str, ...]]] = {}

    def pupil(self, elev: Entry, person: Entry | None, parents: Iterable[str]) -> Record:
        """A pupil with her parents. One without a person has no name, and is for the mapping to reject."""
        parts = self._contacts(parents)
        return self._record("person", self._school_user("elev", elev) | self._human(person), parts)

    def parent(self, person: Entry) -> Record:
        """A pupil's parent, the only one whose contact details may leave."""
        contact = {f"kontaktinformasjon.{name}": inner(person.kontaktinformasjon, name) for name in _CONTACT}
        key = key_of("person", own(targets(person.links.self_)))
        return self._record("person", {"id": key, "rolle": "foresatt", **contact, **self._human(person)})

    def employee(self, skoleressurs: Entry, employment: Entry | None, person: Entry | None) -> Record:
        """An employee of a school."""
        told = self._school_user("skoleressurs", skoleressurs)
        if employment is not None:
            told |= {"ansattnummer": text(employment.ansattnummer), "brukernavn": text(employment.brukernavn)}
        return self._record("person", told | self._human(person))

    def school(self, skole: Entry) -> Record:
        """A school."""
        numbers = {"organisasjonsnummer": text(skole.organisasjonsnummer), "skolenummer": text(skole.skolenummer)}
        return self._record("group", self._named("skole", skole) | numbers)

    def group(self, kind: str, group: Entry, school: str, period: tuple[str, str]) -> Record:
        """A group of a school. `school` is the school's own link."""
        placed = {"skole": key_of("skole", school) if school else "", "start": period[0], "slutt": period[1]}
        return self._record("group", self._named(kind, group) | placed)

    def membership(self, kind: str, key: str, members: tuple[Record, ...]) -> Record:
        """Everybody whom a group or school has."""
        return self._record("membership", {"gruppe": key, "type": kind}, members)

    def member(
        self, whose: str, role: str, period: tuple[str, str], category: tuple[str, str] = ("", ""), main: str = ""
    ) -> Record:
        """One member; those who differ in nothing else share their fields."""
        shape = role, period, category, main
        fields = self._members.get(shape)
        if fields is None:
            if len(self._members) >= _REMEMBERED:
                self._members.clear()
            told: Texts = {
                "rolle": role,
                "start": period[0],
                "slutt": period[1],
                "hovedskole": main,
                "kategori": tuple(one for one in category if one),
            }
            fields = self._members[shape] = self._fields("member", told)
        return Record("member", fields, whose=whose if "medlem" in self._wanted["member"] else "")

    # -- parts of records ---------------------------------------------------------------------------------------------

    def _school_user(self, kind: str, entry: Entry) -> dict[str, str]:
        link = own(targets(entry.links.self_))
        return {
            "id": key_of(kind, link) if link else "",
            "rolle": "elev" if kind == "elev" else "ansatt",
            "systemId": text(entry.systemId),
            "elevnummer": text(entry.elevnummer),
            "feidenavn": text(entry.feidenavn),
            "brukernavn": text(entry.brukernavn),
            "gjest": text(entry.gjest),
        }

    def _human(self, person: Entry | None) -> dict[str, str]:
        if person is None:
            return {}
        names = {f"navn.{name}": inner(person.navn, name) for name in _NAMES}
        birth = day(text(person.fodselsdato), self._zone)
        return {"fodselsnummer": text(person.fodselsnummer), "fodselsdato": birth, **names}

    def _named(self, kind: str, entry: Entry) -> dict[str, str]:
        link = own(targets(entry.links.self_))
        told = {"type": kind, "navn": text(entry.navn), "beskrivelse": text(entry.beskrivelse)}
        return {"id": key_of(kind, link) if link else "", **told}

    def _contacts(self, parents: Iterable[str]) -> tuple[Record, ...]:
        if not self._wanted["contact"]:
            return ()
        return tuple(
            Record("contact", self._fields("contact", {"id": key_of("person", one), "relasjon": "foreldre"}))
            for one in parents
        )

    def _record(self, kind: ClaimKind, told: Mapping[str, str], parts: tuple[Record, ...] = ()) -> Record:
        return Record(kind, self._fields(kind, told), parts=parts)

    def _fields(self, kind: RecordKind, told: Texts) -> dict[str, tuple[str, ...]]:
        wanted = self._wanted[kind]
        return {
            name: (value,) if isinstance(value, str) else value
            for name, value in told.items()
            if value and name in wanted
        }


def person_of(entry: Entry) -> str:
    """The link to somebody's person; empty for none."""
    return target(entry.links.person)
