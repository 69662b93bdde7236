"""How a site is read back: accounts some at a time, and the courses of each by themselves; schools and groups as they are.

No function of Moodle's tells who is whose guardian, or who has a role in a category, and that is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from rostersync.errors import TargetUnavailable
from rostersync.model import Aspect, Group, Observed, Organisation, Placed, User
from rostersync.targets.moodle import rows
from rostersync.targets.moodle.accounts import BY_NUMBER
from rostersync.targets.moodle.form import Value
from rostersync.targets.moodle.settings import Settings
from rostersync.targets.moodle.site import Refused, Site

USERS_COURSES: Final = "core_enrol_get_users_courses"
COHORT_MEMBERS: Final = "core_cohort_get_cohort_members"

Told = dict[str, Any]


class Showing:
    """Says what a site should show of things, and what it does."""

    def __init__(self, name: str, site: Site, settings: Settings) -> None:
        self._name = name
        self._site = site
        self._settings = settings

    # -- what it should show ------------------------------------------------------------------------------------------

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """Everything but groups of a kind that Moodle does not get here."""
        for placed in roster:
            value = placed.value
            if isinstance(value, User):
                yield Observed("user", _key(placed), tuple(sorted(self._user(value, placed))))
            elif isinstance(value, Organisation):
                row = rows.category(value, 0, _quiet)
                yield Observed("organisation", value.id, (("name", str(row["name"])), ("parent", value.parent)))
            elif value.kind in self._settings.courses:
                title = str(rows.course(value, 0, _quiet)["fullname"])
                yield Observed("group", value.id, _course(title, value.school, visible=True))
            elif value.kind in self._settings.cohorts:
                title = str(rows.cohort(value, 0, visible=True, remark=_quiet)["name"])
                yield Observed("group", value.id, _cohort(title, visible=True))

    def _user(self, user: User, placed: Placed) -> Iterator[Aspect]:
        names = rows.names(user, _quiet)
        number = dict(user.fields).get("national_number", "")
        yield "enabled", "true" if user.enabled else "false"
        yield "given_name", str(names["firstname"])
        yield "family_name", str(names["lastname"])
        if login := rows.login_of(user):
            yield "login", login
        if email := rows.email_of(user):
            yield "email", email.lower()
        if number and self._settings.national_number:
            yield "national_number", number
        courses, cohorts = self._wanted(placed)
        yield "memberships", tuple(sorted(courses | cohorts))

    def _wanted(self, placed: Placed) -> tuple[set[str], set[str]]:
        """The groups in whose courses, and in whose cohorts, somebody should be."""
        user, kinds = (
            placed.value,
            {one.value.id: one.value.kind for one in placed.near if isinstance(one.value, Group)},
        )
        ties = (
            [(one.group, kinds.get(one.group, ""), one.role) for one in user.memberships]
            if isinstance(user, User)
            else []
        )
        settings = self._settings
        courses = {group for group, kind, role in ties if kind in settings.courses and settings.course_role(role)}
        return courses, {group for group, kind, _ in ties if kind in settings.cohorts}

    # -- what it shows ------------------------------------------------------------------------------------------------

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        """What the site has of these.

        Raises:
            TargetUnavailable: it cannot be read now, or not at all.
        """
        try:
            yield from self._users([one for one in sought if isinstance(one.value, User)])
            yield from self._groups([one.value for one in sought if isinstance(one.value, Group)])
            yield from self._organisations({one.value.id for one in sought if isinstance(one.value, Organisation)})
        except Refused as refused:
            text = f"{self._name}: Moodle refuses to be read ({refused.code}); rostersync check --online tells what it lacks"
            raise TargetUnavailable(text) from None

    def _users(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        accounts = self._accounts(sought)
        members = self._members({group for one in sought for group in self._wanted(one)[1]})
        for placed in sought:
            account = accounts.get(placed.value.id) or accounts.get(placed.target_key)
            if account:
                groups = self._in_courses(account, self._wanted(placed)[0]) | members[int(account["id"])]
                yield Observed("user", _key(placed), tuple(sorted(self._shown(account, groups))))

    def _accounts(self, sought: Sequence[Placed]) -> dict[str, Told]:
        """The accounts by their ID numbers, and by their numbers where they were adopted without one."""
        keys = {key for one in sought for key in (one.value.id, one.target_key) if key}
        numbers = sorted(key[1:] for key in keys if key.startswith(BY_NUMBER))
        found = list(self._lookup("idnumber", sorted(key for key in keys if not key.startswith(BY_NUMBER))))
        by_number = {f"{BY_NUMBER}{one['id']}": one for one in self._lookup("id", numbers)}
        return {str(one.get("idnumber", "")): one for one in found} | by_number

    def _lookup(self, field: str, values: Sequence[str]) -> Iterator[Told]:
        return self._site.lookup("core_user_get_users_by_field", "values", values, ("field", field))

    def _shown(self, account: Told, groups: Collection[str]) -> Iterator[Aspect]:
        email = str(account.get("email", "")).lower()
        fields = {one["shortname"]: str(one["value"]) for one in account.get("customfields", ())}
        yield "enabled", "false" if account.get("suspended") else "true"
        yield "given_name", str(account.get("firstname", ""))
        yield "family_name", str(account.get("lastname", ""))
        yield "login", str(account.get("username", ""))
        if not (self._settings.no_email and email.endswith(f"@{self._settings.no_email}")):
            yield "email", email  # a made-up one may stand there because hers is another account's as well
        yield "national_number", fields.get(self._settings.national_number, "")
        yield "memberships", tuple(sorted(groups))

    def _in_courses(self, account: Told, wanted: Collection[str]) -> set[str]:
        """The groups in whose courses somebody is; of courses that are not wanted, only those that we made."""
        if account.get("suspended"):
            return set()
        courses = self._ask(USERS_COURSES, ("userid", int(account["id"])), ("returnusercount", 0))
        told = [(str(one.get("idnumber", "")), str(one.get("shortname", ""))) for one in courses]
        return {id_ for id_, short in told if id_ and (id_ in wanted or short.endswith(f"({id_[:12]})"))}

    def _members(self, cohorts: Collection[str]) -> defaultdict[int, set[str]]:
        """Account -> those of these cohorts that it is in."""
        members: defaultdict[int, set[str]] = defaultdict(set)
        names = {str(one["id"]): str(one["idnumber"]) for one in self._cohorts() if one.get("idnumber") in cohorts}
        for one in self._site.lookup(COHORT_MEMBERS, "cohortids", sorted(names)):
            for user in one["userids"]:
                members[int(user)].add(names[str(one["cohortid"])])
        return members

    def _cohorts(self) -> list[Told]:
        told: list[Told] = self._ask("core_cohort_get_cohorts") if self._settings.cohorts else []
        return told

    def _groups(self, sought: Sequence[Group]) -> Iterator[Observed]:
        if not sought:
            return
        cohorts = {str(one.get("idnumber", "")): one for one in self._cohorts()}
        schools = {one["id"]: str(one.get("idnumber", "")) for one in self._ask("core_course_get_categories")}
        for group in sought:
            if group.kind not in self._settings.courses:
                if one := cohorts.get(group.id):
                    yield Observed("group", group.id, _cohort(str(one["name"]), visible=bool(one["visible"])))
                continue
            told = self._ask("core_course_get_courses_by_field", ("field", "idnumber"), ("value", group.id))
            for course in told["courses"][:1]:
                school = schools.get(course["categoryid"], "")
                yield Observed(
                    "group", group.id, _course(str(course["fullname"]), school, visible=bool(course["visible"]))
                )

    def _organisations(self, sought: Collection[str]) -> Iterator[Observed]:
        if not sought:
            return
        told = self._ask("core_course_get_categories")
        names = {one["id"]: str(one.get("idnumber", "")) for one in told}
        for one in (one for one in told if one.get("idnumber") in sought):
            aspects = (("name", str(one["name"])), ("parent", names.get(one["parent"], "")))
            yield Observed("organisation", str(one["idnumber"]), aspects)

    def _ask(self, function: str, *given: tuple[str, Value]) -> Any:
        return self._site.ask(function, *given)


def _key(placed: Placed) -> str:
    return placed.target_key or placed.value.id


def _course(title: str, school: str, *, visible: bool) -> tuple[Aspect, ...]:
    return ("school", school), ("title", title), ("visible", str(visible))


def _cohort(title: str, *, visible: bool) -> tuple[Aspect, ...]:
    return ("title", title), ("visible", str(visible))


def _quiet(sentence: str) -> None:
    """What is cut was counted when it was delivered."""
