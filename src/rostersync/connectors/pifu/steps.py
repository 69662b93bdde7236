"""The walk over an element's children, and the steps it takes: one for each field that is wanted, none for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from unicodedata import normalize

from rostersync.connectors.pifu.dialects import in_code
from rostersync.connectors.wellformed import Element, line_of
from rostersync.model import Record

_NO_CODES: Mapping[str, str] = MappingProxyType({})
SOURCEDID_FIELDS: Mapping[str, str] = MappingProxyType(
    {"": "sourcedid", "new": "sourcedid", "old": "sourcedid.old", "duplicate": "sourcedid.duplicate"}
)
"""`sourcedidtype` in lower case -> field."""


Key = tuple[str, str]
"""The source and the id of a `sourcedid`. Joined by a slash they are the key that everything else speaks of."""


class Grouptype(NamedTuple):
    """What kind of group one `grouptype` says it is."""

    scheme: str = ""
    level: str = ""
    type: str = ""


class Found:
    """What a walk has gathered: texts by field name, the parts, and what only the whole record can make sense of.

    `keys` are the record's own keys, with the field each belongs to; `above` is the number of the document's lines
    above the text being parsed.
    """

    __slots__ = ("above", "grouptypes", "keys", "parts", "texts")

    def __init__(self, above: int = 0) -> None:
        self.texts: dict[str, tuple[str, ...]] = {}
        self.parts: list[Record] = []
        self.keys: dict[Key, str] = {}
        self.grouptypes: list[Grouptype] = []
        self.above = above

    def add(self, name: str, text: str | None) -> None:
        """Keep one text under a field name, unless it is empty."""
        if text and (text := tidy(text)):
            texts = self.texts
            texts[name] = (text,) if name not in texts else (*texts[name], text)

    def line(self, element: Element) -> int:
        """The document's line on which an element of this walk begins."""
        return line_of(element) + self.above


Step = Callable[[Element, Found], None]


class Steps(dict[str, Step | None]):
    """What to do with a child, by tag; None = walk past it. Tags with a namespace are learnt as they are met."""

    def __missing__(self, tag: str) -> Step | None:
        step = self.get(local_name(tag))
        self[tag] = step
        return step


def walk(element: Element, steps: Steps, found: Found) -> None:
    """Let every child of an element be taken by its step."""
    for child in element:
        step = steps[child.tag]
        if step is not None:
            step(child, found)


@lru_cache(maxsize=1024)
def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def tidy(text: str) -> str:
    """The text in NFC without white space around it; inner white space may belong to an id, so it stays."""
    text = text.strip()
    return text if text.isascii() else normalize("NFC", text)


def key_of(sourcedid: Element) -> Key | None:
    """The key that a `sourcedid` spells; None when either half is missing."""
    source = number = ""
    for child in sourcedid:
        name = local_name(child.tag)
        if name == "source":
            source = tidy(child.text or "")
        elif name == "id":
            number = tidy(child.text or "")
    return (source, number) if source and number else None


class Wish:
    """Makes the steps for the fields that are wanted, and none for a field that nobody wants.

    With `wanted` None every field is; `named` tells afterwards which fields there are.
    """

    def __init__(self, wanted: frozenset[str] | None) -> None:
        self._wanted = wanted
        self.named: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether a field is wanted."""
        self.named.add(name)
        return self._wanted is None or name in self._wanted

    def text(self, name: str, codes: Mapping[str, str] = _NO_CODES) -> Step | None:
        """The child's own text; one of `codes` in its one spelling."""
        if not self.has(name):
            return None

        def step(child: Element, found: Found) -> None:
            if text := child.text:
                found.add(name, in_code(text, codes) if codes else text)

        return step

    def attribute(self, name: str, attribute: str) -> Step | None:
        """One of the child's attributes."""
        return (lambda child, found: found.add(name, child.get(attribute))) if self.has(name) else None

    def typed(self, names: Mapping[str, str], attribute: str = "type", value: str = "") -> Step | None:
        """The child's text, or that of its child `value`, under the name that its attribute stands for."""
        wanted = {word: name for word, name in names.items() if self.has(name)}
        inner = {name: Steps({value: self.text(name)}) for name in wanted.values()}

        def step(child: Element, found: Found) -> None:
            word = child.get(attribute, "").strip()
            name = wanted.get(word) or wanted.get(word.lower())
            if name and value:
                walk(child, inner[name], found)
            elif name:
                found.add(name, child.text)

        return step if wanted else None

    def inside(self, **steps: Step | None) -> Step | None:
        """What stands inside the child."""
        inner = Steps(steps)
        return (lambda child, found: walk(child, inner, found)) if any(steps.values()) else None

    def sourcedid(self, names: Mapping[str, str] = SOURCEDID_FIELDS) -> Step:
        """The keys that a record goes by, or went by. They are gathered in any case, for what refers to itself."""
        wanted = {name for name in names.values() if self.has(name)}

        def step(child: Element, found: Found) -> None:
            key = key_of(child)
            name = names.get(child.get("sourcedidtype", "").strip().lower())
            if key and name:
                found.keys[key] = name
                if name in wanted:
                    found.add(name, "/".join(key))

        return step
