"""A card's ties -> the affiliations that count, each with the days on which it gives access.

What is read here does not depend on a date; `Affiliation` answers for any date. Ties that give nothing are counted by
their reason, for the why-card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from rostersync.model import ROLES, GroupFact, Role, RoleModel, TieFact
from rostersync.schoolyear import Policy, day_after, shifted

RANK: Mapping[Role, int] = {role: place for place, role in enumerate(ROLES)}
"""The lower the number, the higher the role."""

HIGHEST_BY_TIE: Role = "staff"
"""No tie gives more than this: what lies above comes from a grant or from the LMS's own administrators."""

ORGANISATIONS = ("owner", "school")

AS_GUARDIAN = ""
"""The tie word of a guardian's affiliations: no mapping can write it."""

_REMEMBERED = 60_000
"""Ties remembered at most. Beyond that, forgetting costs less than memory."""


class Window(Struct, frozen=True, gc=False):
    """The days on which a tie gives access, all inclusive; "always" is `date.min` or `date.max`.

    `first` opens access, lead included; `begins` is the first school day; `last` closes access, grace included.
    """

    first: date
    begins: date
    last: date


class Affiliation(Struct, frozen=True, gc=False):
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


class _Read(Struct, frozen=True, gc=False):
    """What one tie comes to: why it was taken back, why it gives nothing on any date, or what it gives."""

    tie: TieFact
    withdrawn: str
    unusable: str
    affiliation: Affiliation | None = None


class Reading(Struct, frozen=True, gc=False):
    """The ties of one card: those that count, and for each of the others why it gives nothing (`place: reason`).

    `taken_back` are those left out only because a source took them back: they would count, had they been left to end on
    their date.
    """

    affiliations: tuple[Affiliation, ...]
    left_out: tuple[str, ...]
    taken_back: tuple[Affiliation, ...]


class TieReader:
    """Reads ties by one role model and one policy.

    A class of thirty has thirty ties of which nothing differs but whose they are, and cards share them: what a tie comes
    to is worked out once. What is remembered changes nothing that is read.
    """

    __slots__ = ("_as_guardian", "_known", "_policy", "_roles")

    def __init__(self, roles: RoleModel, policy: Policy) -> None:
        self._roles = roles
        self._policy = policy
        self._known: dict[int, _Read] = {}
        self._as_guardian: dict[int, tuple[Affiliation, Affiliation]] = {}

    def read(self, ties: Iterable[TieFact], silent: Mapping[str, str]) -> Reading:
        """Read the ties of a card. `silent` gives the reason for each source whose ties do not count (see claims.py)."""
        counting: list[Affiliation] = []
        taken_back: list[Affiliation] = []
        left_out: list[str] = []
        known = self._known
        for tie in ties:
            read = known.get(id(tie)) or self._learn(tie)
            withdrawn = read.withdrawn
            if silent:
                withdrawn = tie.left or silent.get(tie.source) or withdrawn
            if withdrawn or read.unusable:
                left_out.append(f"{place(tie.group)}: {withdrawn or read.unusable}")
            if read.affiliation is not None:
                (taken_back if withdrawn else counting).append(read.affiliation)
        return Reading(tuple(counting), tuple(left_out), tuple(taken_back))

    def as_guardian(self, affiliations: Iterable[Affiliation]) -> list[Affiliation]:
        """A ward's affiliations as her guardian holds them."""
        held: list[Affiliation] = []
        for one in affiliations:
            known = self._as_guardian.get(id(one))
            if known is None:
                if len(self._as_guardian) >= _REMEMBERED:
                    self._as_guardian.clear()
                known = self._as_guardian[id(one)] = (one, replace(one, role="guardian", word=AS_GUARDIAN))
            held.append(known[1])
        return held

    def _learn(self, tie: TieFact) -> _Read:
        """What a tie comes to. The tie itself is kept with it, so that no other can take its identity."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        read = self._known[id(tie)] = self._work_out(tie)
        return read

    def _work_out(self, tie: TieFact) -> _Read:
        group, role = tie.group, self._roles.ties.get(tie.role)
        withdrawn = tie.left or _vanished(group)
        unusable = _unusable(tie, role, self._roles)
        if unusable or group is None or role is None:
            return _Read(tie, withdrawn, unusable)
        if RANK[role] < RANK[HIGHEST_BY_TIE]:
            role = HIGHEST_BY_TIE
        school = "" if group.kind == "owner" or group.school is None else group.school.id
        window = _window(tie, group, role, self._policy)
        return _Read(tie, withdrawn, "", Affiliation(group, school, tie.role, role, tie.source, tie.primary, window))


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


def _window(tie: TieFact, group: GroupFact, role: Role, policy: Policy) -> Window:
    """The days of a tie within those of its group."""
    begins = max(tie.begin or date.min, group.begin or date.min)
    first = begins if begins == date.min else shifted(begins, -policy.lead(role))
    return Window(first, begins, min(_last(tie.end, role, policy), _last(group.end, role, policy)))


def _last(end: date | None, role: Role, policy: Policy) -> date:
    return date.max if end is None else shifted(end, policy.grace(role, end))
