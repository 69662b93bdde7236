"""What becomes of one LMS user over the days that were synced: active, departed, suspended, back again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from enum import Enum
from typing import Literal, NamedTuple

from rostersync.lab.schoolyear import add_only, clock_end

State = Literal["active", "departed", "suspended"]


class Status(Enum):
    """How the source has a person on a date: with something that makes her a user, without, or not at all."""

    ACTIVE = "active"
    LEFT = "left"
    ABSENT = "absent"


class Course(NamedTuple):
    """Where an LMS user stands after the last synced day.

    `last` is the last synced day on which she was active; `keeps_ties` whether what she had then is still hers.
    """

    state: State
    last: date
    keeps_ties: bool


def stretches(edges: Iterable[date], days: Sequence[date]) -> Iterator[Sequence[date]]:
    """The synced days in runs between which nothing about the person can have changed. `edges` begin new runs."""
    begin = 0
    for edge in sorted(set(edges)):
        end = bisect_left(days, edge)
        if end > begin:
            yield days[begin:end]
            begin = end
    if begin < len(days):
        yield days[begin:]


def follow(
    edges: Iterable[date], status: Callable[[date], Status], days: Sequence[date], patience: int
) -> Course | None:
    """Walk over the synced days; None when she never became a user.

    `patience` is how many days a departed user waits for suspension, summers not counted. Nothing departs in summer.
    """
    state: State | None = None
    last, since, keeps_ties = date.min, date.max, True
    for run in stretches(edges, days):
        now = status(run[0])
        if now is Status.ACTIVE:
            state, last, keeps_ties = "active", run[-1], True
        elif state and (working := [day for day in run if not add_only(day)]):
            if state == "active":
                state, since = "departed", working[0]
            if now is Status.LEFT:  # the source itself says what is over
                keeps_ties = False
            if working[-1] >= clock_end(since, patience):
                state = "suspended"
    return Course(state, last, keeps_ties) if state else None
