"""A card's ties -> the affiliations that count, each with the days on which it gives access.

What is read here does not depend on a date; `Affiliation` answers for any date. Ties that give nothing are counted by
their reason, for the why-card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from rostersync.desire.sharing import Shared
from rostersync.model import ROLES, GroupFact, Role, RoleModel, TieFact
from rostersync.schoolyear import Policy, day_after, shifted

RANK: Mapping[Role, int] = {role: place for place, role in enumerate(ROLES)}
"""The lower the number, the higher the role."""

HIGHEST_BY_TIE: Role = "staff"
"""No tie gives more than this: what lies above comes from a grant or from the LMS's own administrators."""

ORGANISATIONS = ("owner", "school")

NOBODY: Mapping[str, str] = MappingProxyType({})
"""The sources whose ties do not count, when all do."""

AS_GUARDIAN = ""
"""The tie word of a guardian's affiliations: no mapping can write it."""

_REMEMBERED = 10_000
"""Ties, and sets of them, remembered at most: those of some schools, for persons come class by class."""


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
    their date. `as_pupil` and `taken_back_as_pupil` are those of them that a pupil has at a school.
    """

    affiliations: tuple[Affiliation, ...]
    left_out: tuple[str, ...]
    taken_back: tuple[Affiliation, ...]
    as_pupil: tuple[Affiliation, ...]
    taken_back_as_pupil: tuple[Affiliation, ...]


class OnDay(Struct, frozen=True, gc=False):
    """A reading on one date: which of its affiliations are open and which are not.

    `next_change_on` is the first later date on which that differs, `pupil_changes_on` that of what a pupil has; both are
    `date.max` for never.
    """

    open: tuple[Affiliation, ...]
    closed: tuple[Affiliation, ...]
    next_change_on: date
    pupil_changes_on: date


class TieReader:
    """Reads ties by one role model and one policy.

    A class of thirty has thirty ties of which nothing differs but whose they are, and cards share them: what a tie, or
    all ties of a pupil, come to is worked out once.
    """

    __slots__ = ("_known", "_policy", "_roles", "_unsilenced", "as_guardian", "on_day")

    def __init__(self, roles: RoleModel, policy: Policy) -> None:
        self._roles = roles
        self._policy = policy
        self._known: dict[int, _Read] = {}
        self._unsilenced: Shared[TieFact, Reading] = Shared(self._read, _REMEMBERED)
        self.on_day: Shared[Reading, OnDay] = Shared(_on_day, _REMEMBERED)
        self.as_guardian: Shared[Affiliation, tuple[Affiliation, ...]] = Shared(_as_guardian, _REMEMBERED)

    def read(self, ties: Sequence[TieFact], silent: Mapping[str, str]) -> Reading:
        """Read the ties of a card. `silent` gives the reason for each source whose ties do not count (see claims.py)."""
        return self._read(ties, silent) if silent else self._unsilenced(ties)

    def _read(self, ties: Iterable[TieFact], silent: Mapping[str, str] = NOBODY) -> Reading:
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
        return Reading(tuple(counting), tuple(left_out), tuple(taken_back), _as_pupil(counting), _as_pupil(taken_back))

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
    windows = [one.window for one in affiliations]
    begins = [day for window in windows for day in (window.first, window.begins) if day > on]
    last = min((window.last for window in windows if window.last >= on), default=date.max)
    return min((*begins, day_after(last)))


def _on_day(readings: tuple[Reading], on: date) -> OnDay:
    (reading,) = readings
    return OnDay(
        open=tuple([one for one in reading.affiliations if one.open_on(on)]),
        closed=tuple([one for one in reading.affiliations if not one.open_on(on)]),
        next_change_on=changes_after((*reading.affiliations, *reading.taken_back), on),
        pupil_changes_on=changes_after((*reading.as_pupil, *reading.taken_back_as_pupil), on),
    )


def _as_guardian(affiliations: Iterable[Affiliation]) -> tuple[Affiliation, ...]:
    """A ward's affiliations as her guardian holds them."""
    return tuple([replace(one, role="guardian", word=AS_GUARDIAN) for one in affiliations])


def _as_pupil(affiliations: Iterable[Affiliation]) -> tuple[Affiliation, ...]:
    return tuple([one for one in affiliations if one.role == "pupil" and one.school])


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
