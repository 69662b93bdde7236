"""The synthetic municipality as a school system would send it to FINT: every resource of one date, in model 3 or 4."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from rostersync.lab.district import District, Grown
from rostersync.lab.doubles.fint.cache import Json
from rostersync.lab.people import Look, Person, login, look, phone, private_mail
from rostersync.lab.pupils import Pupil
from rostersync.lab.schoolyear import first_day, last_day, school_year
from rostersync.lab.staff import NO_USERS, Employee
from rostersync.lab.ties import pupil_ties, staff_ties
from rostersync.lab.world import Group, School, World

Resources = dict[str, list[Json]]

HOST: Final = "https://api.felleskomponent.no"
_SCHOOL, _PERSON, _PUPIL = "utdanning/utdanningsprogram/skole", "utdanning/elev/person", "utdanning/elev/elev"
_STAY, _POST, _STAFF = (
    "utdanning/elev/elevforhold",
    "utdanning/elev/undervisningsforhold",
    "utdanning/elev/skoleressurs",
)
_EMPLOYMENT, _EMPLOYEE = "administrasjon/personal/personalressurs", "administrasjon/personal/person"
_UNIT = "administrasjon/organisasjon/organisasjonselement"
_TERM, _YEAR, _CATEGORY = "utdanning/kodeverk/termin", "utdanning/kodeverk/skolear", "utdanning/kodeverk/elevkategori"
_GROUPS: Final = {
    "basisgruppe": "utdanning/elev/klasse",
    "undervisningsgruppe": "utdanning/timeplan/undervisningsgruppe",
    "kontaktlærergruppe": "utdanning/elev/kontaktlarergruppe",
}
"""Type of group in the world -> its path in model 4."""

_CATEGORIES: Final = {"1": "privatist", "2": "heltid", "3": "deltid"}


def county(world: World, on: date, *, model: Literal["3", "4"] = "4") -> Resources:
    """Every resource of a date: path -> entries."""
    county = _County(on, model)
    for index in range(world.districts):
        county.add(District(world, index))
    return county.resources


class _County:
    """Gathers the entries of one date."""

    def __init__(self, on: date, model: Literal["3", "4"]) -> None:
        self._on = on
        self._model = model
        self._year = school_year(on)
        self._humans: set[tuple[str, str]] = set()
        self._headteachers: dict[str, str] = {}
        paths = (_SCHOOL, _PERSON, _PUPIL, _STAY, _POST, _STAFF, _EMPLOYMENT, _EMPLOYEE, _UNIT, _TERM, _YEAR, _CATEGORY)
        groups = [self._path(path) for path in _GROUPS.values()]
        self.resources: Resources = {one: [] for one in (*paths, *groups, *(f"{path}medlemskap" for path in groups))}
        self._codes()

    def add(self, district: District) -> None:
        """Add a district's schools, groups, pupils with their parents, and staff."""
        on = self._on
        shown = [school for school in district.schools if not district.hidden(school, on)]
        for school in shown:
            self._school(school)
        for group in district.groups(on):
            if group.type in _GROUPS:
                self._group(group)
        for pupil in district.pupils:
            if district.listed_pupil(pupil, on):
                self._pupil(district, pupil)
        self._adults(district, shown)
        for school in shown:
            self._unit(school)

    def _adults(self, district: District, shown: list[School]) -> None:
        on = self._on
        for grown in district.adults.values():
            if any(district.listed_pupil(pupil, on) and contact.guards(on) for pupil, contact in grown.wards):
                self._parent(district, grown)
            for post in grown.posts:
                if post.school in shown and post.works(on) and post.subrole not in NO_USERS:
                    self._employee(district, post)

    # -- codes, schools, groups ---------------------------------------------------------------------------------------

    def _codes(self) -> None:
        begin, end = first_day(self._year), last_day(self._year)
        turn = date(self._year + 1, 1, 15)
        name = f"{self._year}/{self._year + 1}"
        self._put(_YEAR, f"Y{self._year}", {"kode": name, "navn": name, "gyldighetsperiode": _period(begin, end)})
        for code, first, last in (("H1", begin, turn), ("H2", turn, end)):
            self._put(
                _TERM, f"{code}-{self._year}", {"kode": code, "navn": code, "gyldighetsperiode": _period(first, last)}
            )
        for code, name in _CATEGORIES.items():
            self._put(_CATEGORY, code, {"kode": code, "navn": name})

    def _school(self, school: School) -> None:
        numbers = {"organisasjonsnummer": _id(school.number), "skolenummer": _id(school.id)}
        links = {"organisasjon": [_link(_UNIT, f"O-{school.id}")]}
        self._put(
            _SCHOOL, school.id, {"navn": school.name, **numbers}, links, also=("organisasjonsnummer", school.number)
        )

    def _unit(self, school: School) -> None:
        """What a school is to the personnel system, with its headteacher."""
        leader = self._headteachers.get(school.id)
        links = {"leder": [_link(_EMPLOYMENT, leader, "ansattnummer")]} if leader else {}
        self._put(_UNIT, f"O-{school.id}", {"navn": school.name}, links)

    def _group(self, group: Group) -> None:
        if group.school is None:
            return
        links = {"skole": [_link(_SCHOOL, group.school.id)]}
        terms = [_link(_TERM, f"{code}-{self._year}") for code in ("H1", "H2")]
        if self._model == "4":
            links |= {"termin": terms, "skolear": [_link(_YEAR, f"Y{self._year}")]}
        told: Json = {"navn": group.short, "beskrivelse": group.long}
        if self._model == "3":
            told["periode"] = [_period(group.begin, group.end)]
        self._put(self._path(_GROUPS[group.type]), _group_id(group), told, links)

    # -- people -------------------------------------------------------------------------------------------------------

    def _pupil(self, district: District, pupil: Pupil) -> None:
        person, on = pupil.person, self._on
        parents = [
            _link(_PERSON, _number(district.adults[district.adult_ids[one.adult]].person), "fodselsnummer")
            for one in pupil.contacts
            if one.guards(on)
        ]
        looks = look(district.world, person, on)
        self._person(_PERSON, person, looks, {"foreldre": parents} if parents else {})
        name = f"{login(person)}@lysvik.example"
        told = {
            "elevnummer": _id(person.code),
            "feidenavn": _id(name),
            "brukernavn": _id(login(person)),
            "gjest": False,
        }
        links = {"person": [_link(_PERSON, _number(person), "fodselsnummer")]}
        self._put(_PUPIL, f"E-{person.code}", told, links, also=("elevnummer", person.code))
        self._stay(district, pupil)

    def _stay(self, district: District, pupil: Pupil) -> None:
        """The elevforhold and its memberships. One whose roles are switched off has been interrupted."""
        person, school = pupil.person, district.seat(pupil, self._on).school
        ties = [tie for tie in pupil_ties(district, pupil, self._on) if tie.group.school is school]
        stopped = bool(ties) and not (ties[0].standing and not ties[0].subrole)
        link = f"S-{person.code}-{school.id}"
        told: Json = {"beskrivelse": "", "hovedskole": True, "gyldighetsperiode": _period(pupil.begins, pupil.finishes)}
        if stopped:
            told["avbruddsdato"] = _moment(date(self._year, 8, 2))
        links = {
            "elev": [_link(_PUPIL, f"E-{person.code}")],
            "skole": [_link(_SCHOOL, school.id)],
            "kategori": [_link(_CATEGORY, "2")],
        }
        self._put(_STAY, link, told, links)
        for tie in ties:
            if tie.group.type in _GROUPS and tie.standing and not tie.subrole:
                self._membership(tie.group, link)

    def _membership(self, group: Group, stay: str) -> None:
        path = self._path(_GROUPS[group.type])
        relation = path.rpartition("/")[2]
        links = {relation: [_link(path, _group_id(group))], "elevforhold": [_link(_STAY, stay)]}
        period = {"gyldighetsperiode": _period(group.begin, group.end)}
        self._put(f"{path}medlemskap", f"{_group_id(group)}-{stay}", period, links)

    def _parent(self, district: District, grown: Grown) -> None:
        looks = look(district.world, grown.person, self._on)
        mail, mobile = private_mail(grown.person, looks), phone(grown.person, looks)
        contact = {"kontaktinformasjon": {"epostadresse": mail, "mobiltelefonnummer": mobile}}
        children = [
            _link(_PERSON, _number(pupil.person), "fodselsnummer")
            for pupil, one in grown.wards
            if one.guards(self._on) and district.listed_pupil(pupil, self._on)
        ]
        self._person(_PERSON, grown.person, looks, {"foreldreansvar": children}, contact)

    def _employee(self, district: District, post: Employee) -> None:
        person, school = post.person, post.school
        if school is None:
            return
        key = person.code
        if post.subrole == "rektor":
            self._headteachers[school.id] = key
        self._person(_EMPLOYEE, person, look(district.world, person, self._on), {})
        self._put(
            _EMPLOYMENT,
            key,
            {"ansattnummer": _id(key), "brukernavn": _id(login(person))},
            {"person": [_link(_EMPLOYEE, _number(person), "fodselsnummer")]},
            field="ansattnummer",
        )
        links = {"personalressurs": [_link(_EMPLOYMENT, key, "ansattnummer")], "skole": [_link(_SCHOOL, school.id)]}
        name = f"{login(person)}@lysvik.example"
        self._put(_STAFF, f"R-{key}", {"feidenavn": _id(name)}, links, also=("feidenavn", name))
        taught: dict[str, list[Json]] = {}
        for tie in staff_ties(district, post, self._on):
            if tie.group.type in _GROUPS and tie.standing:
                path = self._path(_GROUPS[tie.group.type])
                taught.setdefault(path.rpartition("/")[2], []).append(_link(path, _group_id(tie.group)))
        links = {"skoleressurs": [_link(_STAFF, f"R-{key}")], "skole": [_link(_SCHOOL, school.id)], **taught}
        self._put(_POST, f"U-{key}-{school.id}", {"beskrivelse": "", "hovedskole": True}, links)

    def _person(self, path: str, person: Person, looks: Look, links: Json, more: Json | None = None) -> None:
        """A human, once in each component she is served under."""
        if (path, person.id) in self._humans:
            return
        self._humans.add((path, person.id))
        told = {
            "fodselsnummer": _id(_number(person)),
            "navn": {"fornavn": looks.given, "etternavn": looks.family},
            "fodselsdato": _moment(person.birth),
            **(more or {}),
        }
        self._put(path, _number(person), told, links, field="fodselsnummer")

    # -- entries ------------------------------------------------------------------------------------------------------

    def _path(self, path: str) -> str:
        return path.replace("/klasse", "/basisgruppe") if self._model == "3" else path

    def _put(
        self,
        path: str,
        key: str,
        told: Json,
        links: Json | None = None,
        *,
        field: str = "systemid",
        also: tuple[str, str] | None = None,
    ) -> None:
        """Add an entry. It has a self link for each of its identifiers, in no order that means anything."""
        selves = [_link(path, key, field)]
        if also:
            selves.insert(0, _link(path, also[1], also[0]))
        system = {"systemId": _id(key)} if field == "systemid" else {}
        self.resources[path].append({**told, **system, "_links": {**(links or {}), "self": selves}})


def _number(person: Person) -> str:
    """The number in a person's links. FINT knows nobody without one; who has none goes by her local number."""
    return person.number or person.id


def _group_id(group: Group) -> str:
    return group.id.replace(" ", "_")


def _link(path: str, key: str, field: str = "systemid") -> dict[str, str]:
    return {"href": f"{HOST}/{path}/{field}/{key}"}


def _id(value: str) -> dict[str, str]:
    return {"identifikatorverdi": value}


def _moment(on: date) -> str:
    return f"{on.isoformat()}T12:00:00Z"


def _period(begin: date | None, end: date | None) -> Any:
    written = {name: _moment(on) for name, on in (("start", begin), ("slutt", end)) if on}
    return written or None
