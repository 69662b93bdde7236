"""Knows how a site lays out its export: which rows it has, where they stand, and which of their columns mean what.

All of that is the site's own, so it is read from a YAML file; nothing about a site stands in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, cast

from msgspec import Struct

from rostersync.errors import Problem, UserMistake
from rostersync.mapping.asking import Asking, hint
from rostersync.mapping.loader import Block, Node, Problems, load
from rostersync.normalize import clean

Shape = Literal["xet", "delimited", "rws", "views"]
Kind = Literal["person", "membership"]

SHAPES: Final[tuple[Shape, ...]] = ("xet", "delimited", "rws", "views")
IDENTITIES: Final = ("code", "feide", "number")
"""The fields that tell who a row is about, the best first."""

GROUP_FIELDS: Final = ("group", "group_name", "group_type", "group_begin", "group_end", "school", "school_name", "year")
"""The fields of a membership row that speak of its group; all others speak of the member."""

COMPUTED: Final = (
    "key",
    "row",
    "found",
    "type",
    "name",
    "parent",
    "mentor",
    "member",
    "organisation_number",
)
"""The fields that the connector itself gives, which no column can be called."""

_LEAST_ROOM: Final = 2


class Table(Struct, frozen=True):
    """One kind of row. `place` is where its rows stand: a row path, a file's pattern, a service or a view.

    `fields` maps our word to the site's columns, of which the first that holds something counts. `spaces` are the
    number series that a row's `code` may be from. Those in a table of `staff` can be contact teachers.
    """

    name: str
    kind: Kind
    place: str
    fields: Mapping[str, tuple[str, ...]]
    spaces: tuple[str, ...] = ("code",)
    staff: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that may leave the source, each once."""
        return tuple(dict.fromkeys(column for columns in self.fields.values() for column in columns))


class Layout(Struct, frozen=True):
    """A site's layout. `digest` covers the file's text.

    For delimited files, `separator` stands between cells, and `end` begins the last line of a file that is whole;
    "newline" when nothing but the end of a line can be asked for.
    """

    name: str
    shape: Shape
    tables: tuple[Table, ...]
    digest: str
    separator: str = ";"
    encoding: str = "utf-8"
    end: str = ""

    def table(self, name: str) -> Table:
        """The table of that name."""
        return next(table for table in self.tables if table.name == name)


def read_layout(path: Path) -> Layout:
    """Read a layout file.

    Raises:
        UserMistake: every problem in file order, as `FILE:LINE: text`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserMistake([Problem(str(path), f"the layout cannot be read: {reason}")]) from None
    return parse_layout(text, path.name)


def parse_layout(text: str, name: str) -> Layout:
    """As `read_layout`, from the text of a file called `name`."""
    problems = Problems()
    root = load(text, name, problems)
    layout = None if root is None else _Reader(problems).layout(root, sha256(text.encode()).hexdigest())
    if layout is None or problems:
        raise problems.mistake()
    return layout


class _Reader:
    """Reads the tree of a layout, and notes everything that is wrong with it."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._ask = Asking(problems)

    def layout(self, root: Block, digest: str) -> Layout:
        self._ask.known_keys(root, ("version", "name", "shape", "separator", "encoding", "end", "tables"))
        self._ask.version(root)
        shape = cast("Shape", self._ask.word(root.get("shape"), "shape", SHAPES) or "xet")
        if "shape" not in root.entries:
            self._problems.add(root.mark, f"the layout needs `shape`: {', '.join(SHAPES)}")
        tables = self._ask.required(root, "tables", "the layout", self._ask.block)
        found = tuple(
            table
            for name, (_, node) in (tables.entries.items() if tables else ())
            if (table := self._table(name, node, shape)) is not None
        )
        if tables and not any(table.kind == "person" for table in found):
            self._problems.add(tables.mark, "no table has `is: person`, so there would be nobody")
        separator, encoding, end = self._delimited(root, shape)
        name = self._ask.required(root, "name", "the layout", self._ask.text)
        return Layout(name, shape, found, digest, separator, encoding, end)

    def _delimited(self, root: Block, shape: Shape) -> tuple[str, str, str]:
        if shape != "delimited":
            for key in ("separator", "encoding", "end"):
                if key in root.entries:
                    self._problems.add(root.entries[key][0], f"`{key}` belongs to delimited files only")
            return ";", "utf-8", ""
        separator = self._ask.text(root.get("separator"), "separator") or ";"
        separator = {"tab": "\t"}.get(separator, separator)
        if len(separator) != 1:
            self._problems.add(root.entries["separator"][0], "separator must be one character, or `tab`")
        encoding = self._ask.text(root.get("encoding"), "encoding") or "utf-8"
        try:
            "".encode(encoding)
        except LookupError:
            self._problems.add(root.entries["encoding"][0], f'nobody knows the encoding "{encoding}"; write utf-8')
        end = self._ask.required(root, "end", "a layout of delimited files", self._ask.text)
        return separator, encoding, clean(end)

    def _table(self, name: str, node: Node, shape: Shape) -> Table | None:
        block = self._ask.block(node, f"tables: {name}", ("is", "from", "fields", "space", "staff"))
        if block is None:
            return None
        kind = cast("Kind", self._ask.word(block.get("is"), "is", ("person", "membership")) or "person")
        if "is" not in block.entries:
            self._problems.add(block.mark, f"{name} needs `is: person` or `is: membership`")
        place = self._ask.required(block, "from", name, self._ask.text)
        if shape == "xet" and place and len(steps(place)) < _LEAST_ROOM:
            self._problems.add(block.entries["from"][0], f"{name}: from must be a path from the root, such as A/B/C")
        spaces = tuple(text.value for text in self._ask.texts(block.get("space"), f"{name}: space")) or ("code",)
        if kind == "person" and len(spaces) > 1:
            self._problems.add(block.entries["space"][0], f"{name}: a person's code is from one space")
        if kind == "membership" and "staff" in block.entries:
            self._problems.add(block.entries["staff"][0], f"{name}: `staff` belongs to a table of persons")
        staff = self._ask.yes(block, "staff")
        return Table(name, kind, place, self._fields(name, kind, block), spaces, staff)

    def _fields(self, name: str, kind: Kind, block: Block) -> dict[str, tuple[str, ...]]:
        fields = self._ask.required(block, "fields", name, self._ask.block)
        found: dict[str, tuple[str, ...]] = {}
        for word, (mark, node) in fields.entries.items() if fields else ():
            if word in COMPUTED:
                self._problems.add(mark, f'{name}: "{word}" is the connector\'s own word; choose another')
            columns = tuple(text.value for text in self._ask.texts(node, f"{name}: {word}"))
            if not columns or not all(columns):
                self._problems.add(mark, f"{name}: {word} names no column")
            found[word] = columns
        if fields and not set(IDENTITIES) & found.keys():
            self._problems.add(fields.mark, f"{name} needs one of {', '.join(IDENTITIES)}, to tell who a row is about")
        if fields and kind == "membership" and "group" not in found:
            self._problems.add(fields.mark, f"{name} needs `group`{hint('group', found)}")
        return found


def steps(path: str) -> tuple[str, ...]:
    """The names along a row path. They may hold dots; between them stand slashes."""
    return tuple(step for step in path.split("/") if step)
