"""A small county for the tests: entries as FINT has them, and a real server that serves them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from rostersync.connectors.fint import FintConnector, Settings
from rostersync.connectors.fint.records import FIELDS
from rostersync.credentials import Secret
from rostersync.lab.doubles.fint import ACCOUNT, FintDouble
from rostersync.lab.doubles.server import Server
from rostersync.model import Record

from .contract import NOW, keyed
from .fint_certificates import written

HOST = "https://api.felleskomponent.no"
SCHOOL, PERSON, ELEV = "utdanning/utdanningsprogram/skole", "utdanning/elev/person", "utdanning/elev/elev"
STAY, POST, STAFF = "utdanning/elev/elevforhold", "utdanning/elev/undervisningsforhold", "utdanning/elev/skoleressurs"
EMPLOYMENT, EMPLOYEE = "administrasjon/personal/personalressurs", "administrasjon/personal/person"
UNIT = "administrasjon/organisasjon/organisasjonselement"
TERM, YEAR, CATEGORY = "utdanning/kodeverk/termin", "utdanning/kodeverk/skolear", "utdanning/kodeverk/elevkategori"
CLASS, TEACHING, MENTOR = (
    "utdanning/elev/klasse",
    "utdanning/timeplan/undervisningsgruppe",
    "utdanning/elev/kontaktlarergruppe",
)
ADA, BO, MOTHER, FATHER, TEACHER = "04831050034", "09890750068", "03867932088", "08818134186", "05858536032"
SECRETS = (ADA, BO, MOTHER, FATHER, TEACHER, "Ada", "Prøvesen", "ada@lysvik.example", "ada-id", ACCOUNT["password"])

Json = dict[str, Any]
SCHOOL_ITSELF: Json = {"navn": "Prøvebakken vgs", "organisasjonsnummer": {"identifikatorverdi": "999900011"}}
SPRING = {"start": "2027-01-16T12:00:00Z", "slutt": "2027-06-18T12:00:00Z"}
AUTUMN = {"start": "2026-08-17T12:00:00Z", "slutt": "2027-01-15T12:00:00Z"}


def link(path: str, key: str, field: str = "systemid", host: str = HOST) -> list[dict[str, str]]:
    """A relation to one entry."""
    return [{"href": f"{host}/{path}/{field}/{key}"}]


def value(text: str) -> dict[str, str]:
    """An identifier."""
    return {"identifikatorverdi": text}


def entry(path: str, key: str, told: Json | None = None, *, field: str = "systemid", **links: Any) -> Json:
    """An entry with its self link. A `self` among the links takes that one's place."""
    system = {"systemId": value(key)} if field == "systemid" else {}
    return {**(told or {}), **system, "_links": {"self": link(path, key, field), **links}}


def human(path: str, number: str, given: str, family: str, born: str = "2010-03-04T12:00:00Z", **links: Any) -> Json:
    """A person."""
    told = {"fodselsnummer": value(number), "navn": {"fornavn": given, "etternavn": family}, "fodselsdato": born}
    return entry(path, number, told, field="fodselsnummer", **links)


class County:
    """What the school system sends: path -> entries. Ada (with two parents) and Bo go to class 1A, which Dag teaches."""

    def __init__(self) -> None:
        self.entries: dict[str, list[Json]] = {
            SCHOOL: [entry(SCHOOL, "s1", SCHOOL_ITSELF, organisasjon=link(UNIT, "o1"))],
            UNIT: [entry(UNIT, "o1", {"navn": "Prøvebakken vgs"}, leder=link(EMPLOYMENT, "a-liv", "ansattnummer"))],
            PERSON: [], ELEV: [], STAY: [], POST: [], STAFF: [], EMPLOYMENT: [], EMPLOYEE: [],
            TERM: [entry(TERM, "H", {"gyldighetsperiode": dict(AUTUMN)}), entry(TERM, "V", {"gyldighetsperiode": dict(SPRING)})],
            YEAR: [entry(YEAR, "Y", {"gyldighetsperiode": {"start": AUTUMN["start"], "slutt": SPRING["slutt"]}})],
            CATEGORY: [entry(CATEGORY, "1", {"navn": "privatist", "kode": "1"}), entry(CATEGORY, "2", {"navn": "heltid"})],
            **{path: [] for group in (CLASS, TEACHING, MENTOR) for path in (group, f"{group}medlemskap")},
        }  # fmt: skip
        self.pupil("ada", ADA, "Ada", "Prøvesen", foreldre=link(PERSON, MOTHER, "fodselsnummer"))
        self.pupil("bo", BO, "Bo", "Attenår")
        for number, given in ((MOTHER, "Mor"), (FATHER, "Far")):
            child = link(PERSON, ADA, "fodselsnummer") if given == "Far" else []
            parent = human(PERSON, number, given, "Prøvesen", "1979-06-03T12:00:00Z", foreldreansvar=child)
            parent["kontaktinformasjon"] = {
                "epostadresse": f"{given}@privat.example",
                "mobiltelefonnummer": "+4700000000",
            }
            self.entries[PERSON].append(parent)
        for path, key in ((CLASS, "1A"), (TEACHING, "NOR"), (MENTOR, "1A-k")):
            terms = [*link(TERM, "H"), *link(TERM, "V")]
            self.entries[path].append(
                entry(path, key, {"navn": key, "beskrivelse": f"Gruppe {key}"}, skole=link(SCHOOL, "s1"), termin=terms)
            )
            for pupil in ("ada", "bo"):
                self.member(path, key, pupil)
        self.employee(
            "dag", TEACHER, "Dag", "Lærersen", klasse=link(CLASS, "1A"), kontaktlarergruppe=link(MENTOR, "1A-k")
        )

    def pupil(self, key: str, number: str, given: str, family: str, **links: Any) -> None:
        """A pupil who goes to the school."""
        self.entries[PERSON].append(human(PERSON, number, given, family, **links))
        told = {"elevnummer": value(f"nr-{key}"), "feidenavn": value(f"{given}@Lysvik.example".lower()), "gjest": False}
        selves = [*link(ELEV, f"nr-{key}", "elevnummer"), *link(ELEV, f"{key}-id")]
        self.entries[ELEV].append(
            entry(ELEV, f"{key}-id", told, self=selves, person=link(PERSON, number, "fodselsnummer"))
        )
        self.stay(key)

    def stay(self, key: str, category: str = "2", **told: Any) -> None:
        """An elevforhold of a pupil."""
        links = {"elev": link(ELEV, f"{key}-id"), "skole": link(SCHOOL, "s1"), "kategori": link(CATEGORY, category)}
        told = {"hovedskole": True, "gyldighetsperiode": {"start": AUTUMN["start"]}} | told
        self.entries[STAY].append(entry(STAY, f"stay-{key}", told, **links))

    def member(self, path: str, group: str, pupil: str, **period: str) -> None:
        """A membership of a pupil in a group."""
        relation = path.rpartition("/")[2]
        links = {relation: link(path, group), "elevforhold": link(STAY, f"stay-{pupil}")}
        told = {"gyldighetsperiode": period} if period else {}
        self.entries[f"{path}medlemskap"].append(entry(f"{path}medlemskap", f"m-{group}-{pupil}", told, **links))

    def employee(self, key: str, number: str, given: str, family: str, **groups: Any) -> None:
        """An employee, who teaches the groups."""
        self.entries[EMPLOYEE].append(human(EMPLOYEE, number, given, family, "1985-05-05T12:00:00Z"))
        person = link(EMPLOYEE, number, "fodselsnummer")
        self.entries[EMPLOYMENT].append(entry(EMPLOYMENT, f"a-{key}", {}, field="ansattnummer", person=person))
        work = link(EMPLOYMENT, f"a-{key}", "ansattnummer")
        told = {"feidenavn": value(f"{given}@lysvik.example")}
        self.entries[STAFF].append(entry(STAFF, f"{key}-id", told, personalressurs=work, skole=link(SCHOOL, "s1")))
        links = {"skoleressurs": link(STAFF, f"{key}-id"), "skole": link(SCHOOL, "s1"), **groups}
        self.entries[POST].append(entry(POST, f"post-{key}", {"hovedskole": True}, **links))

    def find(self, path: str, key: str) -> Json:
        """The entry whose self links end in a key."""
        return next(
            one for one in self.entries[path] if any(s["href"].endswith(f"/{key}") for s in one["_links"]["self"])
        )

    def drop(self, path: str, key: str) -> None:
        """Take an entry out."""
        self.entries[path].remove(self.find(path, key))

    def of_model_3(self) -> dict[str, list[Json]]:
        """The same entries as model 3 has them."""
        return json.loads(
            json.dumps(self.entries)
            .replace("klassemedlemskap", "basisgruppemedlemskap")
            .replace('klasse"', 'basisgruppe"')
            .replace("elev/klasse", "elev/basisgruppe")
        )  # type: ignore[no-any-return]


class Site:
    """A county, the server that serves it, and the connector that reads it."""

    def __init__(self, folder: Path, server: Server, double: FintDouble) -> None:
        account = folder / "account.json"
        account.write_text(json.dumps(ACCOUNT))
        account.chmod(0o600)
        self.county = County()
        self.server, self.double = server, double
        self.faults = double.faults
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True)
        self.waited: list[float] = []
        self.settings = Settings(
            account=Secret("file", str(account), "rostersync.toml:9"),
            url=server.url,
            token_url=f"{server.url}/nidp/oauth/nam/token",
            patience=timedelta(seconds=10),
            timeout=timedelta(seconds=5),
            ca=written(folder),  # the system's own certificates take longer to load than a county to read
            guardians=True,
            spool=self.spool,
        )

    @property
    def connector(self) -> FintConnector:
        """A connector with the settings as they stand. It does not really wait between tries."""
        seconds = iter(range(1_000_000))
        return FintConnector("vis", self.settings, wait=self.waited.append, now=lambda: float(next(seconds)))

    def change(self, **settings: Any) -> None:
        """Change settings."""
        self.settings = replace(self.settings, **settings)

    def send(self) -> None:
        """Have the school system send its county as it is now."""
        self.double.full_sync(deepcopy(self.county.entries))

    def records(self, cursor: str = "") -> list[Record]:
        """Send, fetch and read: the records."""
        self.send()
        connector = self.connector
        snapshot = connector.fetch(NOW, (), cursor)
        try:
            return [one.parse() for one in connector.read(snapshot, keyed, FIELDS)]
        finally:
            connector.discard(snapshot)

    def record(self, id_: str) -> Record:
        """The record of a person or group."""
        return next(one for one in self.records() if one.fields.get("id") == (id_,))

    def members(self, group: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """The members of a group: key -> fields."""
        found = [one for one in self.records() if one.fields.get("gruppe") == (group,)]
        return {part.whose: dict(part.fields) for one in found for part in one.parts}


@contextmanager
def site(folder: Path, tls: ssl.SSLContext | None = None, **how: Any) -> Iterator[Site]:
    """Serve a county from a port of its own."""
    moments = iter(range(1_790_000_000_000, 1_800_000_000_000, 1000))
    double = FintDouble(lambda: next(moments), **how)
    with Server(double, faults=double.faults, tls=tls) as server:
        yield Site(folder, server, double)
