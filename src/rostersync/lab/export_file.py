"""The export as a file: envelope, encoding and order around the elements of all districts, odd where quirks want it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Self

from rostersync.lab.pifu_writer import DistrictWriter, properties
from rostersync.lab.quirks import NAMESPACES, editor
from rostersync.lab.spool import Spool
from rostersync.lab.world import World

_PARTS = ("person", "group", "membership")
_NAMESPACE = "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas"
_DOCTYPE = '<!DOCTYPE enterprise SYSTEM "http://pifu.example/enterprise.dtd">\n'
_BOMB = (
    '<!DOCTYPE enterprise [<!ENTITY a "lab">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True))
    + '<!ENTITY e "&j;">]>\n'
)
_BROKEN_TEXT = "<comments>Lærer på Ås</comments>".encode("iso-8859-1")


class ExportFile:
    """An export in the making. Counts what it holds."""

    def __init__(self, path: Path, world: World) -> None:
        self.persons = self.groups = self.members = 0
        self._world = world
        self._quirks = world.quirks
        self._spool = Spool(path, len(_PARTS))
        self._editors = [editor(kind, world.quirks) for kind in _PARTS]
        self._written = [0] * len(_PARTS)
        self._ims = "ims-enterprise" in world.quirks

    def add(self, writer: DistrictWriter) -> None:
        """Add a district."""
        elements = writer.elements()
        self.persons += len(elements.persons)
        self.groups += len(elements.groups)
        self.members += elements.members
        for part, texts in enumerate((elements.persons, elements.groups, elements.memberships)):
            self._add(part, texts)

    def finish(self) -> None:
        """Put the file in place."""
        whole = f"{self._head()}{self._properties()}"
        head = self._encoded(whole)
        order = (1, 0, 2) if self._ims else (0, 1, 2)  # some exporters of plain IMS Enterprise put groups first
        root = b"</p:enterprise>\n" if "prefixed-root" in self._quirks else b"</enterprise>\n"
        self._spool.join(head, order, root, cut="truncated" in self._quirks)

    def _add(self, part: int, texts: list[str]) -> None:
        edit, before = self._editors[part], self._written[part]
        if edit:
            texts = [edit(text, before + at) for at, text in enumerate(texts)]
        content = self._encoded("".join(texts))
        if "latin1-bytes" in self._quirks and part == 0 and before == 0:
            content = content.replace(b"person>", b"person>" + _BROKEN_TEXT, 1)
        self._spool.write(part, content)
        self._written[part] += len(texts)

    def _encoded(self, text: str) -> bytes:
        """Letters that ISO-8859-1 lacks (the Sami ones) become character references."""
        return text.encode("iso-8859-1" if self._ims else "utf-8", "xmlcharrefreplace")

    def _head(self) -> str:
        encoding = "ISO-8859-1" if self._ims else "UTF-8"
        doctype = _DOCTYPE if "doctype" in self._quirks else _BOMB if "entity-bomb" in self._quirks else ""
        suffix = next((suffix for quirk, suffix in NAMESPACES.items() if quirk in self._quirks), "-v1")
        prefix = "p" if "prefixed-root" in self._quirks else ""
        namespace = "" if self._ims and not prefix else f' xmlns{":p" if prefix else ""}="{_NAMESPACE}{suffix}"'
        root = f"p:enterprise{namespace}" if prefix else f"enterprise{namespace}"
        if prefix and "entity-bomb" not in self._quirks:
            doctype = doctype.replace("enterprise", "p:enterprise", 1)
        return f'<?xml version="1.0" encoding="{encoding}"?>\n{doctype}<{root}>\n'

    def _properties(self) -> str:
        taken_on = self._world.today
        if "stale-date" in self._quirks:
            taken_on = (self._world.previous or taken_on) - timedelta(days=30)
        text = properties(datetime.combine(taken_on, time(2)).isoformat())
        edit = editor("properties", self._quirks)
        return edit(text, 0) if edit else text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.__exit__()
