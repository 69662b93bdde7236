"""YAML text -> a tree in which every scalar is text and every node knows its line.

PyYAML only splits the text into events here; it never guesses a type, so `no`, `01` and an unquoted number stay what
they are. What makes YAML surprising (anchors, aliases, tags, several documents, duplicate keys, tabs) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import yaml
from msgspec import Struct

from rostersync.errors import Problem, UserMistake

_DEEPEST = 12
_LARGEST = 1_000_000


class Mark(NamedTuple):
    """Where something stands: the file as the user knows it, and the line, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Text(Struct, frozen=True):
    """A scalar, exactly as written. A key without a value is the empty text."""

    mark: Mark
    value: str


class Series(Struct, frozen=True):
    """A YAML sequence."""

    mark: Mark
    nodes: tuple[Node, ...]


class Block(Struct, frozen=True):
    """A YAML mapping: keys in file order, each with the line of the key and its node."""

    mark: Mark
    entries: Mapping[str, tuple[Mark, Node]]

    def get(self, key: str) -> Node | None:
        """The node under a key, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


Node = Text | Series | Block


class Problems:
    """Collects every problem of one or more files, so that they are told together and in file order."""

    def __init__(self) -> None:
        self._found: list[tuple[Mark, str]] = []
        self._files: list[str] = []

    def opened(self, file: str) -> None:
        """Note that a file is read now: files are told in the order of their opening."""
        if file not in self._files:
            self._files.append(file)

    def add(self, mark: Mark, text: str) -> None:
        """Note one problem; the same one at the same line is told once."""
        self.opened(mark.file)
        if (mark, text) not in self._found:
            self._found.append((mark, text))

    def __bool__(self) -> bool:
        return bool(self._found)

    def mistake(self) -> UserMistake:
        """All problems, sorted by file and line, ready to be raised."""
        found = sorted(self._found, key=lambda one: (self._files.index(one[0].file), one[0].line))
        return UserMistake([Problem(str(mark), text) for mark, text in found])


# -- reading the text -----------------------------------------------------------------------------------------------


def load(text: str, name: str, problems: Problems) -> Block | None:
    """Read a whole file, which must be one block of keys. None, with the problems noted, when it cannot be read."""
    problems.opened(name)
    top = Mark(name, 1)
    if len(text) > _LARGEST:
        problems.add(top, f"the file has more than {_LARGEST:,} characters; it cannot be right")
        return None
    if tabs := [number for number, line in enumerate(text.splitlines(), 1) if "\t" in line]:
        for number in tabs[:10]:
            problems.add(Mark(name, number), "a tab; YAML wants spaces")
        return None
    builder = _Builder(name, problems)
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            if not builder.take(event):
                return None
    except yaml.YAMLError as error:
        problems.add(*_syntax(error, text, name))
        return None
    except (ValueError, OverflowError):  # an escape such as "\UFFFFFFFF" names no character
        problems.add(top, "an escaped character in it does not exist")
        return None
    if builder.root is None or (isinstance(builder.root, Text) and not builder.root.value):
        problems.add(top, "the file is empty")
    elif not isinstance(builder.root, Block):
        problems.add(builder.root.mark, "the file must be a block of `key: value` lines")
    return builder.root if isinstance(builder.root, Block) else None


def _syntax(error: yaml.YAMLError, text: str, name: str) -> tuple[Mark, str]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        said = error.problem or error.context or "wrong syntax"
        return Mark(name, error.problem_mark.line + 1), f"not readable as YAML: {said}"
    position = getattr(error, "position", 0)
    return Mark(name, text.count("\n", 0, position) + 1), "not readable as YAML: a character that text cannot hold"


class _Open:
    """A block or series whose end has not come yet."""

    def __init__(self, mark: Mark, *, block: bool) -> None:
        self.mark = mark
        self.block = block
        self.key: tuple[str, Mark] | None = None
        self.waiting = block
        self.entries: dict[str, tuple[Mark, Node]] = {}
        self.nodes: list[Node] = []

    def close(self) -> Node:
        return Block(self.mark, self.entries) if self.block else Series(self.mark, tuple(self.nodes))


class _Builder:
    """Builds the tree from events."""

    def __init__(self, name: str, problems: Problems) -> None:
        self.root: Node | None = None
        self._name = name
        self._problems = problems
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> bool:
        """Take one event; False when the nesting makes no sense any more."""
        mark = Mark(self._name, event.start_mark.line + 1 if event.start_mark else 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents == 2:
                self._problems.add(mark, "a second document (`---`); one file holds one document")
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_magic(event, mark)
            if isinstance(event, yaml.ScalarEvent):
                self._place(Text(mark, self._readable(event.value, mark)))
            elif isinstance(event, yaml.AliasEvent):
                self._place(Text(mark, ""))
            else:
                self._stack.append(_Open(mark, block=isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._place(self._stack.pop().close())
        if len(self._stack) > _DEEPEST:
            self._problems.add(mark, f"nested deeper than {_DEEPEST} levels")
        return len(self._stack) <= _DEEPEST

    def _refuse_magic(self, event: yaml.NodeEvent, mark: Mark) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._problems.add(mark, "an alias (`*`); write the value out, or put it in quotes")
        elif event.anchor is not None:
            self._problems.add(mark, "an anchor (`&`); write the value out, or put it in quotes")
        if getattr(event, "tag", None) is not None:
            self._problems.add(mark, "a tag (`!`); every value is text, or put it in quotes")

    def _readable(self, value: str, mark: Mark) -> str:
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            self._problems.add(mark, "an escaped character in it does not exist")
            return ""
        return value

    def _place(self, node: Node) -> None:
        if not self._stack:
            self.root = self.root or node
            return
        parent = self._stack[-1]
        if not parent.block:
            parent.nodes.append(node)
        elif parent.waiting:
            parent.waiting = False
            parent.key = self._key(node, parent)
        else:
            parent.waiting = True
            if parent.key is not None:
                parent.entries[parent.key[0]] = (parent.key[1], node)

    def _key(self, node: Node, parent: _Open) -> tuple[str, Mark] | None:
        if not isinstance(node, Text):
            self._problems.add(node.mark, "a key must be plain text")
            return None
        if node.value in parent.entries:
            first = parent.entries[node.value][0].line
            self._problems.add(node.mark, f'"{node.value}" stands twice; first in line {first}')
            return None
        return node.value, node.mark
