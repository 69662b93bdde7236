"""Reads typed values out of a TOML table, and remembers every problem with the line it stands on."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rostersync.credentials import Secret, SecretKind
from rostersync.errors import Problem, UserMistake

_DURATION = re.compile(r"(\d+)([smhd])")
_HEADER = re.compile(r"\s*\[+([^\]]+)\]")
_ASSIGNED = re.compile(r"""\s*([A-Za-z0-9_."' -]+?)\s*=""")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Reader:
    """One config file being read: its name, its text for line numbers, its folder, and the problems so far."""

    def __init__(self, name: str, text: str, base: Path) -> None:
        self.name = name
        self.base = base
        self._lines = _line_numbers(text)
        self._problems: list[tuple[int, Problem]] = []

    def where(self, path: str) -> str:
        """`FILE:LINE` of a dotted key, or of the nearest table around it."""
        return f"{self.name}:{self.line(path)}"

    def line(self, path: str) -> int:
        """The line of a dotted key, or of the nearest table around it."""
        while path and path not in self._lines:
            path = path.rpartition(".")[0]
        return self._lines.get(path, 1)

    def problem(self, path: str, text: str) -> None:
        """Remember a problem at a dotted key."""
        self._problems.append((self.line(path), Problem(self.where(path), text)))

    def finish(self) -> None:
        """Raise UserMistake with every problem in file order, if there were any."""
        if self._problems:
            ordered = dict.fromkeys(problem for _, problem in sorted(self._problems, key=lambda pair: pair[0]))
            raise UserMistake(list(ordered))


class Table:
    """One table of the file. Keys that nobody asked for are problems once `done` is called."""

    def __init__(self, reader: Reader, path: str, values: dict[str, Any]) -> None:
        self.reader = reader
        self._path = path
        self._values = values
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def keys(self) -> frozenset[str]:
        """The keys that stand in it."""
        return frozenset(self._values)

    def at(self, key: str) -> str:
        """The dotted path of a key in this table."""
        return ".".join(part for part in (self._path, key) if part)

    def where(self, key: str) -> str:
        """`FILE:LINE` of a key in this table."""
        return self.reader.where(self.at(key))

    def problem(self, key: str, text: str) -> None:
        """Remember a problem at a key of this table."""
        self.reader.problem(self.at(key), text)

    @staticmethod
    def nearest(word: str, words: Iterable[str]) -> str:
        """` (did you mean "..."?)`, or nothing when no word is near."""
        near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
        return f' (did you mean "{near[0]}"?)' if near else ""

    def done(self, *tables: str) -> None:
        """Every key has been asked for; what is left over is unknown. `tables` are the inner tables that were read."""
        allowed = self._asked | set(tables)
        for key in self._values:
            if key not in allowed:
                inside = f" in [{self._path}]" if self._path else ""
                self.problem(key, f'unknown key "{key}"{inside}' + self.nearest(key, allowed))

    def abandon(self) -> None:
        """Give up on this table: its own problem is already known, and its keys cannot be judged."""
        self._asked.update(self._values)

    # -- tables inside ----------------------------------------------------------------------------------------------

    def table(self, key: str, *, required: bool = True) -> Table:
        """The inner table of that name; an empty one when it is missing."""
        value = self._take(key)
        if value is None and required:
            self.problem(key, f"[{self.at(key)}] is missing")
        if value is not None and not isinstance(value, dict):
            self.problem(key, f'"{key}" must be a table')
            value = None
        return Table(self.reader, self.at(key), value or {})

    def tables(self, key: str | None) -> Iterator[tuple[str, Table]]:
        """The named tables under a key (`[source.NAME]`), or under this very table when key is None."""
        outer = self if key is None else self.table(key, required=False)
        for name, value in outer._values.items():
            if isinstance(value, dict):
                outer._asked.add(name)
                yield name, Table(self.reader, outer.at(name), value)
            else:
                outer.problem(name, f'"{name}" must be a table')

    # -- values -----------------------------------------------------------------------------------------------------

    def _take(self, key: str) -> Any:
        self._asked.add(key)
        return self._values.get(key)

    def _wrong(self, key: str, what: str) -> None:
        self.problem(key, f'"{key}" must be {what}')

    def text(self, key: str, default: str | None = None) -> str:
        """A text; numbers are taken as they are written."""
        value = self._take(key)
        if value is None:
            if default is None:
                self.problem(key, f'"{key}" is missing in [{self._path}]')
            return default or ""
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            self._wrong(key, "a text in quotes")
            return default or ""
        return str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a missing one is empty, and a problem."""
        value = self._take(key)
        if value is None:
            self.problem(key, f'"{key}" is missing in [{self._path}]')
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        else:
            self._wrong(key, 'a list of texts, such as ["one", "two"]')
        return ()

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._wrong(key, "true or false, without quotes")
        return default

    def number(self, key: str, *, default: int) -> int:
        """A whole number of 0 or more."""
        value = self.optional_number(key)
        return default if value is None else value

    def optional_number(self, key: str) -> int | None:
        """A whole number of 0 or more, or None when it is left out."""
        value = self._take(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        self._wrong(key, "a whole number, 0 or more")
        return None

    def share(self, key: str) -> float | None:
        """A share between 0 and 1, or None when it is left out."""
        value = self._take(key)
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1):
            return None if value is None else float(value)
        self._wrong(key, "a share between 0 and 1, such as 0.05 for 5 %")
        return None

    def choice(self, key: str, words: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self.text(key, default=default)
        if value not in words:
            self._wrong(key, " or ".join(f'"{word}"' for word in words))
            return default
        return value

    def duration(self, key: str) -> timedelta | None:
        """A time span such as "10s", "15m", "26h" or "30d"; None when left out or "off"."""
        value = self._take(key)
        if value is None or value == "off":
            return None
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if not found:
            self._wrong(key, 'a time span such as "10s", "15m", "26h" or "30d"')
            return None
        return timedelta(**{_UNITS[found[2]]: int(found[1])})

    def days(self, key: str, *, default: int | None) -> int | None:
        """Whole days such as "30d"; None for "off"."""
        if key not in self:
            self._asked.add(key)
            return default
        span = self.duration(key)
        if span is not None and span % timedelta(days=1):
            self._wrong(key, 'whole days, such as "30d"')
            return default
        return None if span is None else span.days

    def path(self, key: str) -> Path:
        """A path, relative to the config file."""
        return self.reader.base / self.text(key)

    def optional_path(self, key: str) -> Path | None:
        """A path, relative to the config file, or None when left out."""
        text = self.text(key, default="")
        return self.reader.base / text if text else None

    def place(self, key: str) -> str:
        """A path or a pattern of paths, relative to the config file; an address such as https://HOST/PATH stays as it is."""
        text = self.text(key)
        return text if "://" in text else str(self.reader.base / text)

    def zone(self, key: str, default: str) -> ZoneInfo:
        """An IANA time zone."""
        name = self.text(key, default=default)
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.problem(key, f'"{name}" is no time zone; use a name such as "Europe/Oslo"')
            return ZoneInfo(default)

    def _reference(self, key: str) -> tuple[SecretKind, str]:
        """Where a secret is kept. A literal secret is refused without being shown."""
        value = self._take(key)
        if isinstance(value, dict) and len(value) == 1:
            kind, name = next(iter(value.items()))
            if kind in ("credential", "file", "env") and isinstance(name, str) and name:
                return kind, name
        self.problem(
            key,
            f'"{key}" must say where the secret is kept, never the secret itself: '
            '{ credential = "NAME" }, { file = "PATH" } or { env = "VARIABLE" }',
        )
        return "env", ""

    def secret(self, key: str) -> Secret:
        """Where a secret is kept: a reference that is read when it is needed. A file is relative to the config file."""
        kind, name = self._reference(key)
        return Secret(kind, str(self.reader.base / name) if kind == "file" else name, self.where(key))

    # -- a whole dataclass ------------------------------------------------------------------------------------------

    def build(self, kind: type[Any]) -> Any:
        """Fill a settings dataclass from this table: its fields are the keys, its types say how each is read.

        A text field with the metadata `{"path": True}` is read by `place`.
        """
        hints = typing.get_type_hints(kind)
        values = {}
        for one in dataclasses.fields(kind):
            if one.name in self:
                is_place = one.metadata.get("path")
                values[one.name] = self.place(one.name) if is_place else self._typed(one.name, hints[one.name])
            elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
                self.problem("", f'"{one.name}" is missing in [{self._path}]')
                values[one.name] = None
            self._asked.add(one.name)
        self.done()
        return kind(**values)

    def _typed(self, key: str, hint: Any) -> Any:
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._typed(key, next(arg for arg in args if arg is not type(None)))
        if origin is Literal:
            return self.choice(key, args, args[0])
        if origin is tuple:
            return self.texts(key)
        if hint is bool:
            return self.flag(key, default=False)
        if hint is int:
            return self.number(key, default=0)
        if hint is timedelta:
            return self.duration(key)
        if hint is Secret:
            return self.secret(key)
        return self.path(key) if hint is Path else self.text(key)


def _line_numbers(text: str) -> dict[str, int]:
    """Dotted key -> its line. Tolerant: it only serves messages; tomllib is the parser."""
    lines: dict[str, int] = {"": 1}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _plain(header[1])
            _remember(lines, table, number)
            lines[table] = number
        elif assigned := _ASSIGNED.match(line):
            _remember(lines, ".".join(part for part in (table, _plain(assigned[1])) if part), number)
    return lines


def _plain(key: str) -> str:
    return re.sub(r"[\s\"']", "", key)


def _remember(lines: dict[str, int], key: str, number: int) -> None:
    """A key begins where it, or the first key inside it, is named."""
    while key and key not in lines:
        lines[key] = number
        key = key.rpartition(".")[0]
