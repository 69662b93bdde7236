"""The departed-person state machine: which step of suspending and removing is due, and when the next one will be.

    active -- absent or left --> departed -- clock --> suspended -- clock --> removed
       ^                            |                     |
       +------- back in a source ---+---------------------+

Clocks stand still in the add-only windows of the calendar, and no step is taken inside one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from rostersync.model import Life, LifeState, User
from rostersync.schoolyear import Calendar, DepartedPolicy, shifted

OUT: frozenset[LifeState] = frozenset({"suspended", "handed_over"})
"""The states of a user who is out of the LMS: nothing more happens to her until she is restored or removed."""

Step = Literal["suspend", "remove"]
PolicyRole = Literal["pupil", "staff", "guardian"]

ABSENT = "absent"
"""The reason of a user whom no source has any more."""

ONLY_BY_COMMAND = frozenset({"restricted", "denied", "protected", "held"})
"""Reasons that end only by their own command: neither reappearing in a source nor the passing of time undoes them."""

RESTORE_ASKED, REMOVAL_ASKED = "to be restored", "to be removed"
"""The reasons of a suspended user for whom an administrator has asked the next step: no clock is waited for."""

CAP_DAYS = 730
"""How long a suspended user whom no source has may stay, once the owner lets users be removed at all."""


def policy_role(user: User) -> PolicyRole:
    """The role whose periods a departed user follows."""
    if user.face == "guardian" or user.role == "guardian":
        return "guardian"
    return "pupil" if user.role == "pupil" else "staff"


def policy_for(user: User, policies: Mapping[str, DepartedPolicy]) -> DepartedPolicy:
    """The periods that a departed user follows."""
    return policies[policy_role(user)]


def moves_by_itself(life: Life) -> bool:
    """Whether a user comes back when a source has her again, and goes on when her clock is over."""
    return not life.hold and life.reason not in ONLY_BY_COMMAND


def next_step(life: Life, policy: DepartedPolicy, calendar: Calendar) -> tuple[date, Step] | None:
    """The next step and its first day; None when nothing will happen by itself.

    An extension moves the step to its date, when that is later. A hold freezes everything, as does a restriction.
    """
    clock = _clock(life, policy, calendar) if moves_by_itself(life) else None
    if clock is None:
        return None
    on, step = clock
    outside = calendar.next_end(max(on, life.extended_to or on))
    return None if outside is None else (outside, step)


def _clock(life: Life, policy: DepartedPolicy, calendar: Calendar) -> tuple[date, Step] | None:
    if life.state == "departed" and life.departed_on:
        return calendar.due(life.departed_on, policy.suspend_after), "suspend"
    if life.state != "suspended" or not life.suspended_on:
        return None
    if life.reason == REMOVAL_ASKED:
        return life.suspended_on, "remove"
    if policy.remove_after is not None:
        on = calendar.due(life.suspended_on, policy.remove_after)
        # whom no source has had for two years, nobody has a ground to keep, however long the period
        return min(on, shifted(life.suspended_on, CAP_DAYS)) if life.reason == ABSENT else on, "remove"
    return None


def due(life: Life, policy: DepartedPolicy, calendar: Calendar, on: date) -> Step | None:
    """The step that is due on a date: never inside an add-only window, where due steps wait for its end."""
    coming = next_step(life, policy, calendar)
    if coming is None or coming[0] > on or calendar.contains(on):
        return None
    return coming[1]
