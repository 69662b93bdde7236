"""A card's ties -> the affiliations that count, each with the days on which it gives access.

What is read here does not depend on a date; `Affiliation` answers for any date. Ties that give nothing are counted by
their reason, for the why-card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from rostersync.model import ROLES, GroupFact, Role, RoleModel, TieFact
from rostersync.schoolyear import Policy, day_after, shifted

RANK: Mapping[Role, int] = {role: place for place, role in enumerate(ROLES)}
"""The lower the number, the higher the role."""

HIGHEST_BY_TIE: Role = "staff"
"""No tie gives more than this: what lies above comes from a grant or from the LMS's own administrators."""

ORGANISATIONS = ("owner", "school")


class Window(Struct, frozen=True):
    """The days on which a tie gives access, all inclusive; "always" is `date.min` or `date.max`.

    `first` opens access, lead included; `begins` is the first school day; `last` closes access, grace included.
    """

    first: date
    begins: date
    last: date


class Affiliation(Struct, frozen=True):
    """A tie that counts. `word` is the mapping's tie word, `role` what it means in the LMS.

    `school` is an organisation id, empty for a tie to the owner itself.
    """

    group: GroupFact
    school: str
    word: str
    role: Role
    source: str
    primary: bool
    window: Window

    def open_on(self, on: date) -> bool:
        """Whether she has access on a date, before the first school day too."""
        return self.window.first <= on <= self.window.last

    def begun_on(self, on: date) -> bool:
        """Whether she has access as one whose first school day has come."""
        return self.window.begins <= on <= self.window.last

    def over_on(self, on: date) -> bool:
        """Whether its last day has passed."""
        return self.window.last < on


class Reading(Struct, frozen=True):
    """The ties of one card: those that count, and for each of the others why it gives nothing (`place: reason`).

    `taken_back` are those left out only because a source took them back: they would count, had they been left to end on
    their date.
    """

    affiliations: tuple[Affiliation, ...]
    left_out: tuple[str, ...]
    taken_back: tuple[Affiliation, ...]


def read_ties(ties: Iterable[TieFact], silent: Mapping[str, str], roles: RoleModel, policy: Policy) -> Reading:
    """Read the ties of a card. `silent` gives, for each source whose ties do not count, the reason (see claims.py)."""
    counting: list[Affiliation] = []
    taken_back: list[Affiliation] = []
    left_out: list[str] = []
    windows: dict[tuple[date | str | None, ...], Window] = {}
    for tie in ties:
        group, role = tie.group, roles.ties.get(tie.role)
        withdrawn = tie.left or silent.get(tie.source) or _vanished(group)
        unusable = _unusable(tie, role, roles)
        if withdrawn or unusable:
            left_out.append(f"{place(group)}: {withdrawn or unusable}")
        if unusable or group is None or role is None:
            continue
        if RANK[role] < RANK[HIGHEST_BY_TIE]:
            role = HIGHEST_BY_TIE
        school = "" if group.kind == "owner" or group.school is None else group.school.id
        window = _window(tie, group, role, policy, windows)
        affiliation = Affiliation(group, school, tie.role, role, tie.source, tie.primary, window)
        (taken_back if withdrawn else counting).append(affiliation)
    return Reading(tuple(counting), tuple(left_out), tuple(taken_back))


def highest(roles: Iterable[Role]) -> Role:
    """The highest of some roles."""
    return min(roles, key=RANK.__getitem__)


def place(group: GroupFact | None) -> str:
    """What a note calls the place that somebody is not in."""
    return "at a school" if group and group.kind in ORGANISATIONS else "in a group"


def changes_after(affiliations: Iterable[Affiliation], on: date) -> date:
    """The first date after `on` on which one of the affiliations opens, begins or has closed; `date.max` for never."""
    soonest = date.max
    for window in {id(one.window): one.window for one in affiliations}.values():
        for day in (window.first, window.begins):
            if on < day < soonest:
                soonest = day
        if on <= window.last < soonest:
            soonest = day_after(window.last)
    return soonest


def _vanished(group: GroupFact | None) -> str:
    return "it is no longer in its source" if group and not group.standing else ""


def _unusable(tie: TieFact, role: Role | None, roles: RoleModel) -> str:
    """Why a tie gives nothing on any date; empty when it may give something. `role` is what its word means."""
    group = tie.group
    if group is None:
        return "its source never described it"
    if group.kind != "owner":
        if group.kind != "school" and group.kind not in roles.groups:
            return f"the kind {group.kind} does not go to the LMS"
        if group.school is None:
            return "its school is unknown"
    if role is None:
        return f"the tie word {tie.role} has no role in the LMS"
    if role == "guardian":
        return "guardians come in through their pupils, not through a tie"
    if _inverted(tie.begin, tie.end) or _inverted(group.begin, group.end):
        return "its end lies before its begin"
    return ""


def _inverted(begin: date | None, end: date | None) -> bool:
    return begin is not None and end is not None and end < begin


def _window(
    tie: TieFact, group: GroupFact, role: Role, policy: Policy, made: dict[tuple[date | str | None, ...], Window]
) -> Window:
    """The days of a tie within those of its group. Most ties of a card share theirs, so each is `made` once."""
    dates = (role, tie.begin, tie.end, group.begin, group.end)
    window = made.get(dates)
    if window is None:
        begins = max(tie.begin or date.min, group.begin or date.min)
        first = begins if begins == date.min else shifted(begins, -policy.lead(role))
        last = min(_last(tie.end, role, policy), _last(group.end, role, policy))
        window = made[dates] = Window(first, begins, last)
    return window


def _last(end: date | None, role: Role, policy: Policy) -> date:
    return date.max if end is None else shifted(end, policy.grace(role, end))
