"""A small town for stories: people, classes and guardians by name, an export of them, and runs on chosen dates.

Everybody is invented. National numbers are synthetic (month + 80) with valid check digits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from xml.sax.saxutils import escape

from rostersync import run as runs
from rostersync.assembly import Parts, assemble
from rostersync.config import Settings, load
from rostersync.model import User
from rostersync.report import RunReport
from rostersync.store import Store
from tests.conftest import ROOT
from tests.states import STATES, on_postgres, open_state
from tests.targets.oneroster_set import OneRosterSet, read_set

SECRET = "a secret of the tests, of no use anywhere else"
AUTUMN = date(2026, 10, 5)
SOURCE = "lab.example"
FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2)
SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def national_number(born: date, serial: int) -> str:
    """The first synthetic number (month + 80) of that birth date at or after a serial that has check digits."""
    while True:
        digits = [int(digit) for digit in f"{born.day:02d}{born.month + 80:02d}{born.year % 100:02d}{serial:03d}"]
        first = -sum(weight * digit for weight, digit in zip(FIRST_WEIGHTS, digits, strict=True)) % 11
        second = -sum(weight * digit for weight, digit in zip(SECOND_WEIGHTS, [*digits, first], strict=True)) % 11
        if first < 10 and second < 10:
            return "".join(map(str, [*digits, first, second]))
        serial += 1


@dataclass(frozen=True)
class Human:
    """One person as the school system knows her."""

    id: str
    given: str
    family: str
    born: date | None = date(2015, 3, 14)
    number: str = ""
    email: str = ""
    guardians: tuple[str, ...] = ()
    contact_type: str = "guardian"
    status: str = ""
    old_id: str = ""
    feide: str = ""
    local: str = ""

    def xml(self) -> str:
        """The person element."""
        ids = f"<sourcedid><source>{SOURCE}</source><id>{self.id}</id></sourcedid>"
        if self.old_id:
            old = f'<sourcedid sourcedidtype="Old"><source>{SOURCE}</source><id>{self.old_id}</id></sourcedid>'
            ids = old + ids.replace("<sourcedid>", '<sourcedid sourcedidtype="New">')
        contacts = "".join(
            f'<pifu_hasContactPerson type="{self.contact_type}">'
            f"<sourcedid><source>{SOURCE}</source><id>{one}</id></sourcedid></pifu_hasContactPerson>"
            for one in self.guardians
        )
        status = f'<pifu_status type="activeInactive">{self.status}</pifu_status>' if self.status else ""
        return (
            f"<person>{ids}"
            + (f'<userid useridtype="personNIN">{self.number}</userid>' if self.number else "")
            + (f'<userid useridtype="personLIN">{self.local}</userid>' if self.local else "")
            + (f'<userid useridtype="feideID">{self.feide}</userid>' if self.feide else "")
            + f"<name><fn>{escape(self.given)} {escape(self.family)}</fn><n><family>{escape(self.family)}</family>"
            f"<given>{escape(self.given)}</given></n></name>"
            + (f"<demographics><gender>0</gender><bday>{self.born}</bday></demographics>" if self.born else "")
            + (f"<email>{self.email}</email>" if self.email else "")
            + (f"<extension>{status}{contacts}</extension>" if status or contacts else "")
            + "</person>"
        )


@dataclass(frozen=True)
class Place:
    """A group: the owner, a school, or a group of a school."""

    id: str
    short: str
    kind: str = "basisgruppe"
    level: str = "1"
    scheme: str = "pifu-ims-go-grp"
    parent: str = ""
    number: str = ""
    begin: str = ""
    end: str = ""

    def xml(self) -> str:
        """The group element."""
        dates = "".join(f"<{tag}>{text}</{tag}>" for tag, text in (("begin", self.begin), ("end", self.end)) if text)
        number = (
            '<extension><pifu_id type="organizationNumber"><pifu_value>'
            f"{self.number}</pifu_value><pifu_scope>enhetsregisteret</pifu_scope><pifu_unique>1</pifu_unique></pifu_id></extension>"
            if self.number
            else ""
        )
        return (
            f"<group><sourcedid><source>{SOURCE}</source><id>{self.id}</id></sourcedid>"
            f'<grouptype><scheme>{self.scheme}</scheme><typevalue level="{self.level}">{self.kind}</typevalue></grouptype>'
            f"<description><short>{escape(self.short)}</short><long>{escape(self.short)}</long></description>"
            + (f"<timeframe>{dates}</timeframe>" if dates else "")
            + f'<relationship relation="1"><sourcedid><source>{SOURCE}</source><id>{self.parent or self.id}</id></sourcedid>'
            f"<label>parent</label></relationship>{number}</group>"
        )


@dataclass(frozen=True)
class Tied:
    """One role of one person in one group."""

    group: str
    person: str
    role: str = "01"
    status: str = "1"
    subrole: str = ""
    begin: str = ""
    end: str = ""

    def xml(self) -> str:
        """The member element."""
        dates = "".join(f"<{tag}>{text}</{tag}>" for tag, text in (("begin", self.begin), ("end", self.end)) if text)
        return (
            f"<member><sourcedid><source>{SOURCE}</source><id>{self.person}</id></sourcedid><idtype>1</idtype>"
            f'<role roletype="{self.role}">'
            + (f"<subrole>{self.subrole}</subrole>" if self.subrole else "")
            + f"<status>{self.status}</status>"
            + (f"<timeframe>{dates}</timeframe>" if dates else "")
            + "</role></member>"
        )


OWNER = Place("owner", "Lysvik kommune", "skoleeier", "1", "pifu-ims-go-org", number="")
NORTH = Place("north", "Nord skole", "skole", "2", "pifu-ims-go-org", "owner", "974589230")
SOUTH = Place("south", "Sør skole", "skole", "2", "pifu-ims-go-org", "owner", "970944443")


@dataclass
class World:
    """What the school system would export now."""

    people: dict[str, Human] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    ties: list[Tied] = field(default_factory=list)

    def put(self, *things: Human | Place | Tied) -> World:
        """Add people, places and ties; one with the same id replaces the old."""
        for thing in things:
            if isinstance(thing, Human):
                self.people[thing.id] = thing
            elif isinstance(thing, Place):
                self.places[thing.id] = thing
            else:
                self.ties.append(thing)
        return self

    def drop(self, *ids: str) -> World:
        """Take people or places out, with all their ties and pointers."""
        for one in ids:
            self.people.pop(one, None)
            self.places.pop(one, None)
            self.ties = [tie for tie in self.ties if one not in (tie.person, tie.group)]
        return self

    def change(self, person: str, **values: object) -> World:
        """Change what is said of one person."""
        self.people[person] = replace(self.people[person], **values)  # type: ignore[arg-type]
        return self

    def untie(self, person: str, group: str) -> World:
        """End one tie."""
        self.ties = [tie for tie in self.ties if (tie.person, tie.group) != (person, group)]
        return self

    def xml(self, made: datetime, ties: Iterable[Tied] | None = None) -> str:
        """The whole export."""
        members: dict[str, list[str]] = {}
        for tie in self.ties if ties is None else ties:
            members.setdefault(tie.group, []).append(tie.xml())
        memberships = [
            f"<membership><sourcedid><source>{SOURCE}</source><id>{group}</id></sourcedid>{''.join(found)}</membership>"
            for group, found in members.items()
        ]
        parts = [one.xml() for one in self.people.values()] + [one.xml() for one in self.places.values()] + memberships
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<enterprise xmlns="http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1">'
            f'<properties lang="no"><datasource>{SOURCE}</datasource><type>full</type>'
            f"<datetime>{made:%Y-%m-%dT%H:%M:%S}</datetime></properties>\n" + "\n".join(parts) + "\n</enterprise>\n"
        )


def small_world() -> World:
    """Two schools; Kari and Per in 7A with their mother, Ola in 7B; Eva teaches both classes."""
    return World().put(
        OWNER,
        NORTH,
        SOUTH,
        Place("7A", "7A", parent="north"),
        Place("7B", "7B", parent="north"),
        Place("1S", "1S", parent="south"),
        Human("kari", "Kari", "Lund", date(2014, 2, 3), national_number(date(2014, 2, 3), 500), guardians=("mor",)),
        Human("per", "Per", "Lund", date(2014, 2, 3), guardians=("mor",)),
        Human("ola", "Ola", "Moe", date(2014, 8, 9), guardians=("far",)),
        Human("siri", "Siri", "Aas", date(2020, 1, 5), guardians=("far",)),
        Human("mor", "Anne", "Lund", date(1984, 5, 6), national_number(date(1984, 5, 6), 300), "anne@home.example"),
        Human("far", "Jon", "Moe", date(1982, 7, 8), email="jon@home.example"),
        Human("eva", "Eva", "Dahl", date(1979, 1, 2), national_number(date(1979, 1, 2), 300), "eva@home.example"),
        *(Tied("north", one) for one in ("kari", "per", "ola")),
        *(Tied("7A", one) for one in ("kari", "per")),
        Tied("7B", "ola"),
        Tied("south", "siri"),
        Tied("1S", "siri"),
        *(Tied(group, "eva", "02") for group in ("north", "7A", "7B")),
    )


class Town:
    """A home of rostersync in a folder, with one source and one target, run in this process on chosen dates."""

    def __init__(
        self, home: Path, *, target: str = "oneroster_csv", place: str = "", extra: str = "", deliver: bool = True
    ) -> None:
        self.home = home
        self.world = small_world()
        self._parts: Parts | None = None
        self.export_path = home / "in" / "export.xml"
        for folder in ("in", "out"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / "secret").write_text(SECRET)
        (home / "secret").chmod(0o600)
        place = place or ('directory = "out"' if target == "oneroster_csv" else 'path = "out/lms.jsonl"')
        mappings = ROOT / "mappings"
        self.config = home / "rostersync.toml"
        self.config.write_text(
            f"""version = 1
[state]
url = "{STATES.url(home / "state.db", SECRET) if on_postgres() else "sqlite:///state.db"}"
secret = {{ file = "secret" }}
rehearsal = true
[source.everyday]
type = "pifu"
mapping = "{mappings}/ist-everyday.yaml"
files = "in/*.xml"
settle = "0s"
guardians = true
[target.lms]
type = "{target}"
{place}
deliver = {"true" if deliver else "false"}
[sync.oslo]
from = ["everyday"]
to = ["lms"]
roles = "{mappings}/roles/oslo.yaml"
{extra}
"""
        )

    def settings(self) -> Settings:
        """The config, read anew."""
        return load(self.config)

    def parts(self) -> Parts:
        """The working parts of the sync; made once, for reading the mappings takes longer than most stories."""
        if self._parts is None:
            self._parts = assemble(self.settings(), "oslo")
        return self._parts

    def store(self) -> Store:
        """The state; the caller closes it."""
        return open_state(self.home / "state.db", SECRET)

    def export(self, on: date, text: str | bytes | None = None) -> Path:
        """Write the world, or the given text, as the export of the night before `on`."""
        made = datetime(on.year, on.month, on.day, 2, 0, tzinfo=UTC)
        content = self.world.xml(made) if text is None else text
        self.export_path.write_bytes(content.encode() if isinstance(content, str) else content)
        then = datetime.now(UTC).timestamp() - 60
        os.utime(self.export_path, (then, then))
        return self.export_path

    def run(self, on: date, command: str = "sync", **order: object) -> RunReport:
        """One run on a date, with whatever export lies there."""
        store = self.store()
        try:
            now = datetime(on.year, on.month, on.day, 4, 30, tzinfo=UTC)
            return runs.start(store, self.parts(), runs.Order(command, **order), now, lambda step, done: None)  # type: ignore[arg-type]
        finally:
            store.close()

    def sync(self, on: date, **order: object) -> RunReport:
        """Export the world as it is, and sync it, on a date."""
        self.export(on)
        return self.run(on, **order)

    def plan(self, on: date, **order: object) -> RunReport:
        """Export the world as it is, and plan, on a date."""
        self.export(on)
        return self.run(on, "plan", **order)

    # -- what the LMS holds -----------------------------------------------------------------------------------------

    def set(self) -> OneRosterSet:
        """The OneRoster set that lies in the target's folder, checked for integrity."""
        return read_set(self.home / "out" / "oneroster.zip")

    def known(self) -> dict[tuple[str, str], User]:
        """(given name, face) -> the user that the target holds as far as the state knows."""
        store = self.store()
        try:
            users = [one.value for one in store.known.objects("lms", "user")]
            return {(user.given_name, user.face): user for user in users if isinstance(user, User)}
        finally:
            store.close()

    def changed(self, report: RunReport, kind: str, action: str) -> set[str]:
        """The ids of the objects that a run changed, or would change, in one way."""
        store = self.store()
        try:
            return {line.id for line in store.runs.outcomes(report.run) if (line.kind, line.action) == (kind, action)}
        finally:
            store.close()

    def person(self, source_id: str) -> str:
        """Our id of a person of the source."""
        store = self.store()
        try:
            return store.ids.person("everyday", f"{SOURCE}/{source_id}")
        finally:
            store.close()
