"""Feide's Groups API for one realm: client credentials, Link paging, and the group types that nobody documents."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

import msgspec

from rostersync.lab.district import District
from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.server import Asked, Told
from rostersync.lab.people import Person, login, look
from rostersync.lab.ties import pupil_ties, staff_ties
from rostersync.lab.world import OWNER_NUMBER, Group, School, World

REALM: Final = "lysvik.example"
FAULTS: Final = {
    "empty": "every list is empty",
    "shrunk": "every second member is missing",
    "reordered": "lists come the other way round",
    "duplicated": "every entry is listed twice",
    "expired": "each token is good for two calls",
    "nameless": "members come without their Feide names, as when the service may not see them",
}
"""Fault -> what it does, besides those of every server."""

_AUGUST: Final = 8
_TYPES: Final = {"basisgruppe": "b", "undervisningsgruppe": "u", "kontaktlærergruppe": "a", "trinn": "l"}
"""Group type -> go_type. `l` (level) is met in the wild and documented nowhere."""

Entry = dict[str, Any]
Rosters = Mapping[str, tuple[Entry, list[Entry]]]
"""Group id -> the group as the API lists it, and its members."""


def rosters(world: World, on: date) -> Rosters:
    """Every group of the municipality on a date, with its members."""
    found: dict[str, tuple[Entry, list[Entry]]] = {}
    owner = f"fc:org:{REALM}"
    found[owner] = ({"id": owner, "type": "fc:org", "displayName": {"nb": "Lysvik kommune", "en": "Lysvik"}}, [])
    for index in range(world.districts):
        district = District(world, index)
        for school in district.schools:
            number = _school_id(school)
            found[number] = ({"id": number, "type": "fc:org", "displayName": school.name, "parent": owner}, [])
        for group in district.groups(on):
            if group.type in _TYPES:
                found[_group_id(group)] = (_entry(group), [])
        for pupil in district.pupils:
            if district.listed_pupil(pupil, on):
                ties = pupil_ties(district, pupil, on)
                _join(found, world, pupil.person, "student", [tie.group for tie in ties if tie.standing], on)
        for employee in district.employees:
            if employee.works(on):
                groups = [tie.group for tie in staff_ties(district, employee, on) if tie.standing]
                _join(found, world, employee.person, "faculty" if employee.role == "02" else "employee", groups, on)
    return found


def choirs(everything: Rosters, on: date) -> Rosters:
    """The owner and its schools, each with a choir that only Feide knows: every fifth of its pupils."""
    year = on.year - (on.month < _AUGUST)
    found: dict[str, tuple[Entry, list[Entry]]] = {}
    for number, (entry, members) in everything.items():
        if entry["type"] == "fc:org":
            found[number] = (entry, members)
        if ":unit:" in number:
            choir = f"fc:gogroup:{REALM}:u:{number.rpartition(':')[2]}:kor:{year}-08-01:{year + 1}-07-31"
            pupils = [one for one in members if one["membership"]["affiliation"] == "student"]
            told = {"id": choir, "type": "fc:gogroup", "go_type": "u", "displayName": "Skolekoret", "parent": number}
            found[choir] = (told, pupils[::5])
    return found


class FeideGroups:
    """The API and its token endpoint. `groups` may be changed while it runs."""

    def __init__(
        self,
        groups: Rosters,
        *,
        client_id: str = "rostersync",
        secret: str = "secret of the lab",  # noqa: S107 - the lab's own, and no secret
    ) -> None:
        self.groups = dict(groups)
        self.base = "/groups/v1"
        self.faults = Faults()
        self._proof = "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._tokens: dict[str, int] = {}

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        if asked.path == "/oauth/token":
            return self._token(asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self._tokens:
            return Told(b'{"message": "Invalid token"}', status=401)
        self._tokens[token] += 1
        if self.faults.has("expired") and self._tokens[token] > 2:
            return Told(b'{"message": "Expired token"}', status=401)
        parts = [unquote(part) for part in asked.path.removeprefix(f"{self.base}/").split("/")]
        match parts:
            case ["orgs", realm, "groups"] if realm == REALM:
                return self._page(asked, [group for group, _ in self.groups.values()])
            case ["orgs", realm, "groups", number, "members"] if realm == REALM and number in self.groups:
                return self._page(asked, self._members(number))
        return Told(b'{"message": "Not found"}', status=404)

    def _token(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != self._proof:
            return Told(b'{"error": "invalid_client"}', status=401)
        if dict(parse_qsl(asked.body.decode())).get("grant_type") != "client_credentials":
            return Told(b'{"error": "unsupported_grant_type"}', status=400)
        token = f"token-{len(self._tokens)}"
        self._tokens[token] = 0
        return Told(msgspec.json.encode({"access_token": token, "token_type": "Bearer", "expires_in": 28_800}))

    def _members(self, number: str) -> list[Entry]:
        members = self.groups[number][1]
        if self.faults.has("nameless"):
            members = [{**one, "userid_sec": []} for one in members]
        return members[::2] if self.faults.has("shrunk") else members

    def _page(self, asked: Asked, entries: list[Entry]) -> Told:
        if self.faults.has("empty"):
            entries = []
        if self.faults.has("reordered"):
            entries = entries[::-1]
        if self.faults.has("duplicated"):
            entries = [one for one in entries for _ in range(2)]
        size, page = int(asked.one("per_page", "100")), int(asked.one("page", "1"))
        begin = size * (page - 1)
        headers: tuple[tuple[str, str], ...] = ()
        if begin + size < len(entries):
            query = urlencode({"per_page": size, "page": page + 1})
            here = f"http://{asked.headers['host']}{asked.path}"
            headers = (("Link", f'<{here}?page=1>; rel="first", <{here}?{query}>; rel="next"'),)
        return Told(msgspec.json.encode(entries[begin : begin + size]), headers=headers)


def _entry(group: Group) -> Entry:
    """A group of a school. Its parent is spelt as in Feide's own examples: with a prefix that is wrong."""
    school = _school_id(group.school) if group.school else ""
    entry = {
        "id": _group_id(group),
        "type": "fc:gogroup",
        "go_type": _TYPES[group.type],
        "displayName": group.short,
        "parent": school.replace("fc:org:", "fc:gogroup:"),
    }
    return entry | ({"grep": {"code": group.code}} if group.code else {})


def _group_id(group: Group) -> str:
    number = group.school.number if group.school else OWNER_NUMBER
    parts = (_TYPES[group.type], f"NO{number}", group.id, f"{group.begin}", f"{group.end}")
    return ":".join(("fc:gogroup", REALM, *(quote(part, safe="") for part in parts)))


def _school_id(school: School) -> str:
    return f"fc:org:{REALM}:unit:NO{school.number}"


def _join(
    found: Mapping[str, tuple[Entry, list[Entry]]],
    world: World,
    person: Person,
    affiliation: str,
    groups: Iterable[Group],
    on: date,
) -> None:
    looks = look(world, person, on)
    member = {
        "userid_sec": [f"feide:{login(person)}@{REALM}"],
        "name": f"{looks.given} {looks.family}",
        "membership": {"basic": "member", "affiliation": affiliation},
    }
    groups = list(groups)
    places = [_group_id(group) for group in groups if group.type in _TYPES]
    places += [_school_id(group.school) for group in groups if group.type == "skole" and group.school]
    for number in dict.fromkeys(places):
        if number in found:
            found[number][1].append(member)
