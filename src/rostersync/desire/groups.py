"""A group's fact -> the group an LMS should hold, and the computed groups of a school (samlegrupper)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from rostersync.desire.rules import Rules
from rostersync.ids import Ids
from rostersync.model import Group, GroupFact, School
from rostersync.schoolyear import day_after, shifted

_WORD = re.compile(r"[^\W\d_]+")

SHORTEST_IN_A_COMPOUND = 4
"""A shorter revealing word counts only where it stands alone: three letters begin too many innocent words."""


def desire_group(fact: GroupFact, rules: Rules, on: date) -> tuple[Group | None, date | None]:
    """What the LMS should hold of a group on a date, and the first later date on which that can change.

    A group is there early, which harms nobody, and stays for the longest grace after its end, because what pupils and
    teachers made there would go with it. Dates that contradict each other end nothing. None as the group: no LMS group.
    """
    if not fact.standing or fact.school is None or fact.kind not in rules.roles.groups:
        return None, None
    begin, end = fact.begin, fact.end
    if begin and end and end < begin:
        begin = end = None
    last = shifted(end, max(rules.policy.pupil_grace, rules.policy.staff_grace)) if end else date.max
    if last < on:
        return None, None
    name, title = fact.name, fact.title
    if reveals(f"{name} {title}", rules.roles.revealing):
        name = title = rules.roles.neutral_title
    group = Group(fact.id, fact.kind, name, title, fact.school.id, begin, end)
    return group, None if last == date.max else day_after(last)


def samlegrupper(organisation: School, rules: Rules, ids: Ids) -> list[Group]:
    """The computed groups of one school, in the role model's order. Who is in them stands on each person's own row."""
    return [
        Group(ids.samlegruppe(organisation.id, one.kind), one.kind, one.title, one.title, organisation.id)
        for one in rules.roles.samlegrupper
    ]


def reveals(text: str, words: Iterable[str]) -> bool:
    """Whether a name holds one of the revealing words: alone, or as the beginning or end of a compound."""
    pattern = _revealing(tuple(words))
    return pattern is not None and pattern.search(_spoken(text)) is not None


@lru_cache(maxsize=16)
def _revealing(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """What finds any of the words in a spoken text; compiled once, for every group of every school is looked at."""
    found: dict[str, None] = {}
    for sought in filter(str.strip, map(_spoken, words)):
        word = re.escape(sought.strip())
        compounds = len(sought.strip()) >= SHORTEST_IN_A_COMPOUND
        found |= dict.fromkeys((f" {word}", f"{word} ") if compounds else (f" {word} ",))
    return re.compile("|".join(found)) if found else None


def _spoken(text: str) -> str:
    """The words of a text in lower case, a space before and after each."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
