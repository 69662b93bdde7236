"""Reads a form as PHP does, `users[0][username]=...`: nested by its brackets, and cut without a word if too long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from rostersync.lab.doubles.moodle.refusal import Refusal

Value: TypeAlias = "str | dict[str, Value]"
Row: TypeAlias = dict[str, Value]

_STEP = re.compile(r"\[([^\]]*)\]")


def read(pairs: Iterable[tuple[str, str]], most: int) -> Row:
    """The nested values of the first so many fields."""
    told: Row = {}
    for number, (name, text) in enumerate(pairs):
        if number < most:
            first, _, rest = name.partition("[")
            _put(told, [first, *_STEP.findall(f"[{rest}" if rest else "")], text)
    return told


def _put(into: Row, steps: list[str], text: str) -> None:
    for step in steps[:-1]:
        inner = into.setdefault(step or str(len(into)), {})
        if not isinstance(inner, dict):
            raise Refusal("invalidparameter")
        into = inner
    into[steps[-1] or str(len(into))] = text


def rows(told: Mapping[str, Value], name: str) -> Iterator[Row]:
    """The rows of a parameter, in the order of their numbers."""
    found = told.get(name)
    if not isinstance(found, dict):
        raise Refusal("invalidparameter", f"Missing required key in single structure: {name}")
    for _, row in sorted(found.items(), key=lambda pair: int(pair[0])):
        if not isinstance(row, dict):
            raise Refusal("invalidparameter", "Only arrays accepted")
        yield row


def texts(told: Mapping[str, Value], name: str) -> list[str]:
    """The texts of a parameter, in the order of their numbers."""
    found = told.get(name)
    if not isinstance(found, dict):
        raise Refusal("invalidparameter", f"Missing required key in single structure: {name}")
    return [str(text) for _, text in sorted(found.items(), key=lambda pair: int(pair[0]))]


def checked(row: Row, required: str, optional: str = "") -> Row:
    """A row, if it has what it must and nothing else. Names are separated by blanks."""
    must, may = set(required.split()), set(optional.split())
    if not must <= row.keys():
        raise Refusal("invalidparameter", f"Missing required key: {sorted(must - row.keys())}")
    if row.keys() - must - may:
        raise Refusal("invalidparameter", f"Unexpected keys: {sorted(row.keys() - must - may)}")
    return row


def number(row: Mapping[str, Value], name: str, default: int = 0) -> int:
    """A whole number."""
    text = row.get(name)
    if text is None:
        return default
    if not isinstance(text, str) or not text.lstrip("-").isdecimal():
        raise Refusal("invalidparameter", f"{name} is no number")
    return int(text)


def text(row: Mapping[str, Value], name: str, default: str = "") -> str:
    """A text."""
    found = row.get(name, default)
    return found if isinstance(found, str) else default
