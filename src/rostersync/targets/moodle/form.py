"""Writes rows as PHP reads them from a form, `users[0][username]=...`, and parts them so that no call is cut.

PHP drops what is beyond `max_input_vars` without a word (https://www.php.net/manual/en/info.configuration.php).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

Value: TypeAlias = "str | int | Row | Sequence[Value]"
Row: TypeAlias = Mapping[str, Value]
Fields: TypeAlias = list[tuple[str, str]]

T = TypeVar("T")

_SHARE = 0.9
"""How much of the limit is used: plugins and proxies may add fields of their own."""

_OWN = 3
"""Token, function and format stand before the rows."""


def fields(name: str, value: Value) -> Iterator[tuple[str, str]]:
    """The form fields of a value: a text, a number, or rows and lists inside each other."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, int):
        yield name, str(int(value))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from fields(f"{name}[{key}]", inner)
    else:
        for number, inner in enumerate(value):
            yield from fields(f"{name}[{number}]", inner)


def room(variables: int) -> int:
    """How many form fields of rows fit into one call, where PHP takes so many in all."""
    return int(variables * _SHARE) - _OWN


def parted(rows: Sequence[tuple[T, Value]], most: int, variables: int) -> Iterator[list[tuple[T, Value]]]:
    """The rows in calls of at most `most`, none of which has more form fields than PHP takes."""
    whole = room(variables)
    part: list[tuple[T, Value]] = []
    left = whole
    for thing, row in rows:
        size = sum(1 for _ in fields("", row))
        if part and (len(part) == most or size > left):
            yield part
            part, left = [], whole
        part.append((thing, row))
        left -= size
    if part:
        yield part
