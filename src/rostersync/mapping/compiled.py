"""Rules -> closures for fields, dates and choices: what can be decided once per mapping is not decided per record.

Choices and dates look at few, often repeated texts (role codes, status, school years), so their answers are remembered
in a small bounded cache of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from rostersync.mapping.rules import KEYS, Branch, FieldRule
from rostersync.mapping.transforms import TRANSFORMS
from rostersync.model import Skipped
from rostersync.normalize import clean, iso_date

Texts = tuple[str, ...] | None
Get = Callable[[str], Texts]
"""A record's `fields.get`."""

ReadText = Callable[[Get], str]
"""Gives a field's text, or "" for none; raises ValueError with a reason that does not repeat the text."""

ReadValues = Callable[[Get, list[Skipped]], list[tuple[str, str]]]
"""Gives the non-empty fields in field order, noting dropped ones; raises ValueError when a required one is missing."""

Period = tuple[date | None, date | None]
ReadPeriod = Callable[[Get], Period]

REMEMBERED = 4096
"""How many answers a closure remembers, at most."""


class Verdict(Struct, frozen=True):
    """What a choice says of a record: a word, or why it is left out, or why it cannot be used."""

    word: str = ""
    left: str = ""
    rejected: str = ""
    because: str = ""


def first(texts: Texts) -> str:
    """The first text that is not blank, stripped. Keys are opaque, so nothing inside is tidied."""
    for text in texts or ():
        if bare := text.strip():
            return bare
    return ""


# -- fields ---------------------------------------------------------------------------------------------------------


def text_reader(rule: FieldRule) -> ReadText:
    """Reads a field: the first origin that gives a text wins, then the table looks it up; a number gets its space."""
    if not rule.space and not any(one.space for one in rule.origins):
        return _text_reader(rule)
    # each number in the space of the place that it is taken from
    apart = [(one.space or rule.space, _text_reader(replace(rule, origins=(one,)))) for one in rule.origins]

    def placed(get: Get) -> str:
        for space, read in apart:
            if text := read(get):
                return text if ":" in text or not space else f"{space}:{text}"
        return ""

    return placed


def _text_reader(rule: FieldRule) -> ReadText:
    tidy = str.strip if rule.field in KEYS else clean
    chains = [(origin.name, _steps((*origin.steps, *rule.steps))) for origin in rule.origins]
    if rule.table is None and len(chains) == 1 and not chains[0][1]:
        return _plain_reader(chains[0][0], tidy)
    table, otherwise = (None if rule.table is None else dict(rule.table)), rule.otherwise

    def read(get: Get) -> str:
        for name, steps in chains:
            for text in get(name) or ():
                value = tidy(text)
                for step in steps:
                    if not value:
                        break
                    value = step(value)
                if value:
                    return value if table is None else table.get(value.casefold(), otherwise)
        return ""

    return read


def _plain_reader(name: str, tidy: Callable[[str], str]) -> ReadText:
    """The commonest field: one source field, no transform."""

    def read(get: Get) -> str:
        for text in get(name) or ():
            if value := tidy(text):
                return value
        return ""

    return read


def _steps(names: Iterable[str]) -> tuple[Callable[[str], str], ...]:
    """The transforms by name. `trim` is left out: every text is clean already."""
    return tuple(step for step in (TRANSFORMS[name] for name in names) if step is not clean)


def values_reader(rules: Iterable[FieldRule], *, complete: bool = True) -> ReadValues:
    """Reads several fields. An unreadable value is dropped with a note, unless the field is required.

    Where `complete` is false no field is: what is left out on purpose need not be whole.
    """
    readers = tuple((rule.field, text_reader(rule), rule.required and complete) for rule in rules)

    def read(get: Get, skipped: list[Skipped]) -> list[tuple[str, str]]:
        values = []
        for field, read_text, required in readers:
            try:
                value = read_text(get)
            except ValueError as reason:
                if required:
                    raise ValueError(f"{field} is {reason}") from None
                skipped.append(Skipped(f"{field} is {reason}; the value is left out"))
                continue
            if value:
                values.append((field, value))
            elif required:
                raise ValueError(f"{field} is required")
        return values

    return read


def period_reader(rules: Iterable[FieldRule]) -> ReadPeriod:
    """Reads `begin` and `end`. An unreadable date is never dropped: it would let somebody in without an end."""
    readers = {rule.field: (text_reader(rule), rule.required) for rule in rules if rule.field in ("begin", "end")}
    names = tuple(dict.fromkeys(origin.name for rule in rules if rule.field in readers for origin in rule.origins))
    if not readers:
        return lambda get: (None, None)  # noqa: ARG005 - the mapping names no dates

    def day(field: str, get: Get) -> date | None:
        if field not in readers:
            return None
        read_text, required = readers[field]
        try:
            found = iso_date(read_text(get))
        except ValueError as reason:
            raise ValueError(f"{field} is {reason}") from None
        if required and found is None:
            raise ValueError(f"{field} is required")
        return found

    @lru_cache(maxsize=REMEMBERED)
    def remembered(texts: tuple[Texts, ...]) -> Period:
        get = dict(zip(names, texts, strict=True)).get
        return day("begin", get), day("end", get)

    return lambda get: remembered(tuple(map(get, names)))


# -- choices --------------------------------------------------------------------------------------------------------


def choice_reader(skip: tuple[Branch, ...], choice: tuple[Branch, ...]) -> Callable[[Get], Verdict]:
    """Judges a record: skips first, then the first branch of the choice that holds."""
    names = tuple(dict.fromkeys(name for branch in (*skip, *choice) for name, _ in branch.when))

    @lru_cache(maxsize=REMEMBERED)
    def remembered(texts: tuple[Texts, ...]) -> Verdict:
        return _judge(dict(zip(names, texts, strict=True)).get, skip, choice)

    return lambda get: remembered(tuple(map(get, names)))


def _judge(get: Get, skip: tuple[Branch, ...], choice: tuple[Branch, ...]) -> Verdict:
    left = next((branch.because for branch in skip if _holds(branch, get)), "")
    chosen = next((branch for branch in choice if _holds(branch, get)), None)
    if chosen is None:
        return Verdict(left=left)
    if chosen.verb == "is":
        return Verdict(chosen.word, left, because=chosen.because)
    if chosen.verb == "skip" or left:  # what is left out on purpose need not be readable
        return Verdict(left=left or chosen.because)
    return Verdict(rejected=chosen.because)


def _holds(branch: Branch, get: Get) -> bool:
    return all(_says(get(name), accepted) for name, accepted in branch.when)


def _says(texts: Texts, accepted: frozenset[str]) -> bool:
    """Whether any of the texts is accepted; an absent field and blank texts count as one empty text."""
    said = {clean(text).casefold() for text in texts or ()} - {""}
    return not said.isdisjoint(accepted) if said else "" in accepted
