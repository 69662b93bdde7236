"""Reads the table of schools: what a site's school codes mean, by organisation number."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

from rostersync.errors import Problem, UserMistake
from rostersync.normalize import clean, organisation_number

_COLUMNS: Final = ("code", "number", "name")
_KINDS: Final = ("school", "owner")


class School(Struct, frozen=True):
    """A school, or the owner of them all, as the table has it. `number` is its organisation number."""

    number: str
    name: str
    kind: str = "school"


class Schools(Struct, frozen=True):
    """The table: code, in small letters, -> school. `owner` is None where it has no line; `digest` covers the text."""

    by_code: Mapping[str, School]
    owner: School | None
    digest: str

    def find(self, code: str) -> School | None:
        """The school of a code; None when the table does not have it."""
        return self.by_code.get(code.casefold())


def read_schools(path: Path) -> Schools:
    """Read the table: a header `code;number;name` (and `kind`), one line a code; `;`, `,` or tab between the cells.

    Raises:
        UserMistake: every problem, as `FILE:LINE: text`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserMistake([Problem(str(path), f"the table of schools cannot be read: {reason}")]) from None
    problems: list[Problem] = []
    by_code: dict[str, School] = {}
    owner: School | None = None
    for where, code, school in _lines(text, path.name, problems):
        if school.kind == "owner":
            problems += [Problem(where, "a second owner; one table is of one school owner")] if owner else []
            owner = school
        elif not code:
            problems.append(Problem(where, "the code is empty"))
        elif code in by_code:
            problems.append(Problem(where, "this code stands twice"))
        else:
            by_code[code] = school
    if not by_code and not problems:
        problems.append(Problem(path.name, "the table of schools has no line; write one for each school code"))
    if problems:
        raise UserMistake(problems)
    return Schools(by_code, owner, sha256(text.encode()).hexdigest())


def _lines(text: str, name: str, problems: list[Problem]) -> Iterator[tuple[str, str, School]]:
    """Where a line stands, its code in small letters, and its school."""
    first = text.partition("\n")[0]
    separator = max(";,\t", key=first.count)
    reader = csv.DictReader(text.splitlines(), delimiter=separator)
    reader.fieldnames = header = [clean(cell).casefold() for cell in reader.fieldnames or ()]
    if missing := [column for column in _COLUMNS if column not in header]:
        problems.append(Problem(f"{name}:1", f"the table of schools lacks the column {', '.join(missing)}"))
        return
    for row in reader:
        where = f"{name}:{reader.line_num}"
        cells = {column: clean(row.get(column) or "") for column in (*_COLUMNS, "kind")}
        school = School(organisation_number(cells["number"]), cells["name"], cells["kind"].casefold() or "school")
        if not school.number:
            problems.append(Problem(where, "the number is no organisation number (nine digits)"))
        if not school.name:
            problems.append(Problem(where, "the name is empty"))
        if school.kind not in _KINDS:
            problems.append(Problem(where, f"kind is one of {', '.join(_KINDS)}"))
        yield where, cells["code"].casefold(), school
