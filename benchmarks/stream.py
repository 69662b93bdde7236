"""The top-level elements of an export, one at a time, in memory that does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

NAMESPACE = "{http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1}"
_TOP_LEVEL = [NAMESPACE + name for name in ("person", "group", "membership")]


def elements(export: Path) -> Iterator[etree._Element]:
    """Persons, groups and memberships as they come. Each is gone when the next one is asked for."""
    for _, element in etree.iterparse(str(export), tag=_TOP_LEVEL):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
