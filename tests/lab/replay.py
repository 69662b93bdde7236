"""A second opinion on the account: an LMS played day by day from the exports alone, with all its state kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.lab.reading import Reading, SomeGroup, Someone, SomeTie

KINDS = {"basisgruppe": "base_class", "undervisningsgruppe": "teaching_group", "kontaktlærergruppe": "mentor_group"}
NO_USERS = {"pptansatt", "skolehelsetjeneste", "sensor", "foresattrepresentant", "renholdsarbeider", "vaktmester"}
PATIENCE = {"pupil": 30, "staff": 60, "guardian": 30}


def summer(on: date) -> bool:
    return (6, 15) <= (on.month, on.day) < (9, 1)


@dataclass
class Wanted:
    role: str
    someone: Someone
    schools: tuple[str, ...]
    groups: set[tuple[str, str]]
    samlegrupper: set[tuple[str, str]]


@dataclass
class LmsUser:
    role: str
    someone: Someone
    schools: tuple[str, ...] = ()
    groups: set[tuple[str, str]] = field(default_factory=set)
    samlegrupper: set[tuple[str, str]] = field(default_factory=set)
    guardians: set[str] = field(default_factory=set)
    state: str = "active"
    since: date = date.min


class Lms:
    """Keys are (source key, face)."""

    def __init__(self) -> None:
        self.users: dict[tuple[str, str], LmsUser] = {}
        self.groups: dict[str, SomeGroup] = {}

    def sync(self, read: Reading) -> None:
        now = Today(read)
        standing = {key: group for key, group in read.groups.items() if group.type in KINDS}
        self.groups = {**self.groups, **standing} if summer(read.on) else standing
        wanted = {(key, face): want for key, face, want in now.wanted()}
        for at, want in wanted.items():
            self._make(at, want, read.on)
        for at, user in self.users.items():
            if at not in wanted:
                self._without(at, user, now)
            if at[1] == "school":
                self._link(at, user, now)
            user.groups = {held for held in user.groups if held[0] in self.groups}

    def _make(self, at: tuple[str, str], want: Wanted, on: date) -> None:
        user = self.users.setdefault(at, LmsUser(want.role, want.someone))
        user.state, user.someone = "active", want.someone
        user.schools = tuple(dict.fromkeys(want.schools + (user.schools if summer(on) else ())))
        user.groups = want.groups | (user.groups if summer(on) else set())
        user.samlegrupper = want.samlegrupper | (user.samlegrupper if summer(on) else set())

    def _without(self, at: tuple[str, str], user: LmsUser, now: Today) -> None:
        if summer(now.read.on):
            return
        if user.state == "active":
            user.state, user.since = "departed", now.read.on
        if at[0] in now.read.persons:
            user.groups, user.samlegrupper = set(), set()
        if user.state == "departed" and _school_days(user.since, now.read.on) >= PATIENCE[user.role]:
            user.state = "suspended"
            user.groups, user.samlegrupper, user.guardians = set(), set(), set()

    def _link(self, at: tuple[str, str], user: LmsUser, now: Today) -> None:
        if at[0] in now.read.persons:
            user.guardians = set(now.guardians(at[0]))
        elif now.grown_up(user.someone):
            user.guardians = set()


def _school_days(since: date, on: date) -> int:
    return sum(not summer(since + timedelta(days=n)) for n in range((on - since).days))


class Today:
    """What one export makes of everybody."""

    def __init__(self, read: Reading) -> None:
        self.read = read
        self.ties: dict[str, list[SomeTie]] = {}
        for tie in read.ties:
            self.ties.setdefault(tie.person, []).append(tie)
        self.wards: dict[str, list[str]] = {}
        for someone in read.persons.values():
            for contact, kind in someone.contacts:
                if kind == "guardian":
                    self.wards.setdefault(contact, []).append(someone.key)

    def wanted(self) -> list[tuple[str, str, Wanted]]:
        found = []
        for someone in self.read.persons.values():
            if school := self._school_face(someone):
                found.append((someone.key, "school", school))
            if guardian := self._guardian_face(someone):
                found.append((someone.key, "guardian", guardian))
        return found

    def guardians(self, ward: str) -> list[str]:
        someone = self.read.persons[ward]
        if self.grown_up(someone) or not self._counting(someone, 0, 14, pupil=True):
            return []
        return [key for key, kind in someone.contacts if kind == "guardian" and key in self.read.persons]

    def grown_up(self, someone: Someone) -> bool:
        on, born = self.read.on, someone.birth
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day)) >= 18

    def _school_face(self, someone: Someone) -> Wanted | None:
        pupil = self._counting(someone, 7, 14, pupil=True)
        staff = [t for t in self._counting(someone, 30, 60, pupil=False) if t.subrole not in NO_USERS]
        ties, role = (staff, "staff") if staff else (pupil, "pupil")
        if not ties:
            return None
        gatherings = set()
        for tie in ties:
            if number := self._school(tie.group):
                gatherings.add(("all_pupils" if role == "pupil" else "all_employees", number))
                if tie.role in ("02", "06"):
                    gatherings.add(("all_teachers", number))
        return Wanted(role, someone, self._schools(ties), self._groups(ties, role), gatherings)

    def _guardian_face(self, someone: Someone) -> Wanted | None:
        wards = [ward for ward in self.wards.get(someone.key, ()) if someone.key in self.guardians(ward)]
        ties = [t for ward in wards for t in self._counting(self.read.persons[ward], 0, 14, pupil=True)]
        if not ties:
            return None
        classes = [tie for tie in ties if self.read.groups[tie.group].type == "basisgruppe"]
        schools = tuple(sorted(set(self._schools(ties))))
        return Wanted(
            "guardian", someone, schools, self._groups(classes, "guardian"), {("all_guardians", s) for s in schools}
        )

    def _counting(self, someone: Someone, lead: int, grace: int, *, pupil: bool) -> list[SomeTie]:
        if someone.inactive:
            return []
        found = []
        for tie in self.ties.get(someone.key, ()):
            group = self.read.groups.get(tie.group)
            if group is None or (group.type not in KINDS and group.type not in ("skole", "skoleeier")):
                continue
            if group.type in KINDS and group.parent not in self.read.groups:
                continue
            counts = tie.standing and (tie.role == "01") == pupil and tie.subrole not in ("P", "L", "S")
            if counts and all(self._open(one.begin, one.end, lead, grace) for one in (tie, group)):
                found.append(tie)
        return found

    def _open(self, begin: date | None, end: date | None, lead: int, grace: int) -> bool:
        if begin and end and begin > end:
            return False
        if begin and self.read.on < begin - timedelta(days=lead):
            return False
        return not end or self.read.on <= end + timedelta(days=grace if end.month in (6, 7) else 0)

    def _school(self, group: str) -> str:
        at = self.read.groups[group]
        at = at if at.type in ("skole", "skoleeier") else self.read.groups[at.parent]
        return at.number if at.type == "skole" else ""

    def _schools(self, ties: list[SomeTie]) -> tuple[str, ...]:
        first = [tie for tie in ties if tie.primary] + ties
        return tuple(dict.fromkeys(number for tie in first if (number := self._school(tie.group))))

    def _groups(self, ties: list[SomeTie], role: str) -> set[tuple[str, str]]:
        return {(tie.group, role) for tie in ties if self.read.groups[tie.group].type in KINDS}
