"""One district as PIFU-IMS 1.3 elements: flat text, no blanks between tags, one element a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape

from rostersync.lab.district import District, Grown
from rostersync.lab.numbers import misprinted
from rostersync.lab.people import Look, Person, login, look, phone, private_mail
from rostersync.lab.pupils import INACTIVE, Pupil
from rostersync.lab.staff import Employee
from rostersync.lab.ties import guardian_ties, pupil_ties, staff_ties
from rostersync.lab.victims import conflicting, misprints, renumbered
from rostersync.lab.world import DATASOURCE, OWNER, OWNER_NUMBER, Group, Tie

_GROUP_LEVELS = {
    "skoleeier": ("org", 1),
    "skole": ("org", 2),
    "basisgruppe": ("grp", 1),
    "undervisningsgruppe": ("grp", 2),
    "kontaktlærergruppe": ("grp", 3),
    "trinn": ("grp", 4),
    "foresattegruppe": ("grp", 8),
    "fau": ("grp", 12),
    "sfo": ("grp", 15),
}
_STREETS = ("Storgata", "Kirkeveien", "Skolegata", "Åsveien", "Bekkelia", "Sjøgata", "Øvre Torg", "Gáhkkor-vegen")


class Elements(NamedTuple):
    """The elements of one district. `members` counts the members in the memberships."""

    persons: list[str]
    groups: list[str]
    memberships: list[str]
    members: int


def properties(taken_at: str) -> str:
    """The element that says whose export this is, and from when."""
    return (
        f'<properties lang="no"><datasource>{DATASOURCE}</datasource><target>rostersync@lysvik.example</target>'
        f"<type>full</type><datetime>{taken_at}</datetime></properties>\n"
    )


class DistrictWriter:
    """Writes a district as its export of one date has it."""

    def __init__(self, district: District, on: date) -> None:
        self.district = district
        self.on = on
        self.world = district.world
        first = district.index == 0
        self._new_ids = renumbered(self.world, district.employees) if first else {}
        self._twice = conflicting(self.world, district.employees) if first else frozenset()
        self._members: dict[str, list[str]] = {}
        self._count = 0
        self._staff_only = self.world.has("wrong-school-year", on)
        self._nobody = self.world.has("zero-persons", on)

    def elements(self) -> Elements:
        """All elements of the district; the first one has the owner's too."""
        persons = [] if self._nobody else list(self._persons())
        groups = [_group(group) for group in self._groups()]
        memberships = [
            f"<membership><sourcedid><source>{DATASOURCE}</source><id>{escape(group)}</id></sourcedid>"
            f"{''.join(members)}</membership>\n"
            for group, members in self._members.items()
        ]
        return Elements(persons, groups, memberships, self._count)

    def _groups(self) -> Iterator[Group]:
        if self.district.index == 0:
            yield OWNER
        for group in self.district.school_groups:
            if not self.district.hidden(group.school, self.on):
                yield group
        if not self._staff_only:
            yield from self.district.groups(self.on)

    def _persons(self) -> Iterator[str]:
        for pupil in self.district.pupils:
            if not self._staff_only and self.district.listed_pupil(pupil, self.on):
                yield self._pupil(pupil)
        for grown in self.district.adults.values():
            listed = self.district.listed_adult(grown, self.on)
            if listed and (not self._staff_only or any(self.district.listed_employee(p, self.on) for p in grown.posts)):
                yield self._grown(grown)

    # -- persons -----------------------------------------------------------------------------------------------------

    def _pupil(self, pupil: Pupil) -> str:
        person, looks, on = pupil.person, look(self.world, pupil.person, self.on), self.on
        for tie in pupil_ties(self.district, pupil, on):
            self._join(tie.group.id, person.id, [tie])
        contacts = "".join(
            f'<pifu_hasContactPerson type="{"guardian" if contact.guards(on) else "nextOfKin"}"><sourcedid>'
            f"<source>{DATASOURCE}</source><id>{self.district.adult_ids[contact.adult]}</id></sourcedid>"
            "</pifu_hasContactPerson>"
            for contact in pupil.contacts
        )
        stay = pupil.stay(on)
        inactive = stay is not None and stay.how == INACTIVE
        wrong = misprints(self.world, person, on)
        return self._person(
            person, looks, "studentID", f"{_address(person)}{_status(inactive)}{contacts}", mail="", misprint=wrong
        )

    def _grown(self, grown: Grown) -> str:
        person, on = grown.person, self.on
        looks = look(self.world, person, on)
        posts = [post for post in grown.posts if self.district.listed_employee(post, on)]
        ties: list[Tie] = []
        for post in posts:
            ties += staff_ties(self.district, post, on)
            if self._staff_only:
                ties = [tie for tie in ties if tie.group.type in ("skole", "skoleeier")]
        if grown.wards and not self._staff_only:
            ties += guardian_ties(self.district, grown, on)
        by_group: dict[str, list[Tie]] = {}
        for tie in ties:
            if tie.written:
                by_group.setdefault(tie.group.id, []).append(tie)
        for group, roles in by_group.items():
            self._join(group, self._new_ids.get(person.id, person.id), roles)
        mails = self._mails(grown, posts, looks)
        inactive = any(stay.how == INACTIVE for post in posts if (stay := post.stay(on)))
        kind = "workforceID" if posts else ""
        text = self._person(person, looks, kind, f"{mails}{_status(inactive)}", mail=_work_mail(person, posts))
        if person.id in self._twice:
            text += text.replace(f"<given>{escape(looks.given)}</given>", "<given>En annen</given>")
        return text

    def _mails(self, grown: Grown, posts: list[Employee], looks: Look) -> str:
        """The private address of whoever a pupil points to, and the one at work."""
        private = private_mail(grown.person, looks) if grown.wards else ""
        found = f'<pifu_email type="personEmailPrivate">{private}</pifu_email>' if private else ""
        work = _work_mail(grown.person, posts)
        found += f'<pifu_email type="personEmailAtOrg">{work}</pifu_email>' if work else ""
        return f'{found}<pifu_tel type="personMobilePrivate">{phone(grown.person, looks)}</pifu_tel>'

    def _person(
        self, person: Person, looks: Look, id_type: str, extension: str, *, mail: str, misprint: bool = False
    ) -> str:
        given, family = escape(looks.given), escape(looks.family)
        name = f"<name><fn>{given} {family}</fn><n><family>{family}</family><given>{given}</given></n></name>"
        if person.id in self.district.nameless(self.on):
            name = "<name><fn></fn><n><family></family><given></given></n></name>"
        number = misprinted(person.number) if misprint and person.number else person.number
        national = f'<userid useridtype="personNIN">{number}</userid>' if number else ""
        local = "" if number else f'<userid useridtype="personLIN">{person.id}</userid>'
        at_school = f'<userid useridtype="{id_type}">{person.code[1:]}</userid>' if id_type else ""
        feide = f'<userid useridtype="feideID">{login(person)}@lysvik.example</userid>' if id_type else ""
        return (
            f"<person>{self._sourcedid(person)}{national}{local}{at_school}"
            f'<userid useridtype="sisID">L{person.code}</userid>{feide}{name}'
            f"<demographics><gender>{person.sex}</gender><bday>{person.birth.isoformat()}</bday></demographics>"
            f'{f"<email>{mail}</email>" if mail else ""}<tel teltype="3">{phone(person, looks)}</tel>'
            f"<extension>{extension}</extension></person>\n"
        )

    def _sourcedid(self, person: Person) -> str:
        new = self._new_ids.get(person.id)
        if new is None:
            return f"<sourcedid><source>{DATASOURCE}</source><id>{person.id}</id></sourcedid>"
        return "".join(
            f'<sourcedid sourcedidtype="{kind}"><source>{DATASOURCE}</source><id>{source_id}</id></sourcedid>'
            for kind, source_id in (("Old", person.id), ("New", new))
        )

    # -- memberships -------------------------------------------------------------------------------------------------

    def _join(self, group: str, person_id: str, ties: Iterable[Tie]) -> None:
        roles = "".join(_role(tie.role, tie.subrole, tie.standing, tie.begin, tie.end, tie.primary) for tie in ties)
        self._members.setdefault(group, []).append(
            f"<member><sourcedid><source>{DATASOURCE}</source><id>{person_id}</id></sourcedid>"
            f"<idtype>1</idtype>{roles}</member>"
        )
        self._count += 1


@lru_cache(maxsize=4096)
def _role(role: str, subrole: str, standing: bool, begin: date | None, end: date | None, primary: bool | None) -> str:
    named = f"<subrole>{subrole}</subrole>" if subrole else ""
    main = f"<pifu_primaryRelation>{int(primary)}</pifu_primaryRelation>" if primary is not None else ""
    extension = f"<extension>{main}</extension>" if main else ""
    return f'<role roletype="{role}">{named}<status>{int(standing)}</status>{_timeframe(begin, end)}{extension}</role>'


def _timeframe(begin: date | None, end: date | None, year: int = 0) -> str:
    if not (begin or end or year):
        return ""
    first = f"<begin>{begin.isoformat()}</begin>" if begin else ""
    last = f"<end>{end.isoformat()}</end>" if end else ""
    period = f"<adminperiod>{year}/{year + 1}</adminperiod>" if year else ""
    return f"<timeframe>{first}{last}{period}</timeframe>"


def _group(group: Group) -> str:
    scheme, level = _GROUP_LEVELS[group.type]
    parent = group.parent or group.id  # the top of the tree points to itself
    label = "Skoleeier" if group.type in ("skole", "skoleeier") else "Skole"
    mail = f"<email>post.{group.id}@lysvik.example</email>" if scheme == "org" else ""
    return (
        f"<group><sourcedid><source>{DATASOURCE}</source><id>{escape(group.id)}</id></sourcedid>"
        f"<grouptype><scheme>pifu-ims-go-{scheme}</scheme>"
        f'<typevalue level="{level}">{group.type}</typevalue></grouptype>'
        f"<description><short>{escape(group.short)}</short><long>{escape(group.long)}</long></description>"
        f"{_timeframe(group.begin, group.end, group.year)}{mail}"
        f'<relationship relation="1"><sourcedid><source>{DATASOURCE}</source><id>{escape(parent)}</id></sourcedid>'
        f"<label>{label}</label></relationship>{_group_extension(group)}</group>\n"
    )


def _group_extension(group: Group) -> str:
    if group.type == "skoleeier":
        return f"<extension>{_pifu_id('organizationNumber', OWNER_NUMBER, 'enhetsregisteret')}</extension>"
    if group.type == "skole" and group.school:
        number = _pifu_id("organizationNumber", group.school.number, "enhetsregisteret")
        gsi = _pifu_id("gsiNumber", group.school.id, "gsi")
        types = "".join(f"<pifu_schoolType>{kind}</pifu_schoolType>" for kind in group.school.types)
        return f"<extension>{number}{gsi}{types}</extension>"
    grep = _pifu_id("grepCodeShortForm", group.code, "grep - levende læreplaner") if group.code else ""
    return f"<extension>{grep}</extension>" if grep else ""


def _pifu_id(kind: str, value: str, scope: str) -> str:
    return (
        f'<pifu_id type="{kind}"><pifu_value>{value}</pifu_value><pifu_scope>{scope}</pifu_scope>'
        "<pifu_unique>1</pifu_unique></pifu_id>"
    )


def _status(inactive: bool) -> str:
    return f'<pifu_status type="activeInactive">{"inaktiv" if inactive else "aktiv"}</pifu_status>'


def _address(person: Person) -> str:
    street = f"{_STREETS[person.luck[2] % len(_STREETS)]} {person.luck[3] % 90 + 1}"
    return (
        f'<pifu_adr type="personRegisteredAddressPrivate"><adr><street>{street}</street>'
        "<locality>Lysvik</locality><pcode>9999</pcode></adr></pifu_adr>"
    )


def _work_mail(person: Person, posts: list[Employee]) -> str:
    return f"{login(person)}@lysvik.example" if posts else ""
