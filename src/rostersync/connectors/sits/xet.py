"""Reads rows out of the XML that a SITS exchange template (XET) writes.

Element names are the site's own (`STU_CODE.STU.SRS`), with dots and without namespace, wrapped in one element for each
entity: `EXCHANGE/STU/STU.SRS/STU_CODE.STU.SRS`. Entities nest. A row has the texts inside it, and those that stand
directly in the elements around it: an enrolment inside a student has the student's columns too.
Structure: the public StuTalk guide (https://github.com/timtamimi/StuTalk).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from lxml import etree

from rostersync.connectors.sits.layout import Table, steps
from rostersync.connectors.sits.rows import Cells, Row, row_of, tidied
from rostersync.connectors.wellformed import DOCTYPE, STRICT, Element, ill_formed, line_of, refusal

_DEEPEST_UNIT: Final = 3
"""How deep the elements lie, at most, that are read at once: below the root and the wrapper of an entity."""


def xet_rows(path: Path, label: str, tables: Sequence[Table]) -> Iterator[Row]:
    """Every row of an export. Ends normally only when the document is well-formed to its end.

    Raises:
        OSError: the file cannot be read.
        SnapshotRefused: ill-formed anywhere, a DOCTYPE, or another root than the tables' paths begin with.
    """
    wanted = [(table, steps(table.place)) for table in tables]
    depth = min(_DEEPEST_UNIT, *(len(path_of) for _, path_of in wanted))
    with path.open("rb") as stream:
        if not stream.read(1):
            raise refusal(label, "it is empty (0 bytes); fetch or export it again")
        stream.seek(0)
        for unit in _units(stream, label, {path_of[0] for _, path_of in wanted}, depth):
            names = _names(unit)
            for table, path_of in wanted:
                if path_of[:depth] == names:
                    for element in _below(unit, path_of[depth:]):
                        yield row_of(table, line_of(element), _cells(element, len(path_of) - depth))


def _units(stream: BinaryIO, label: str, roots: Collection[str], wanted: int) -> Iterator[Element]:
    """The elements at the depth `wanted` (the root's is 1), each as it ends; memory holds one of them."""
    stopped_at: tuple[int, int] | None = None
    document = etree.iterparse(stream, events=("start", "end"), **STRICT)
    depth = 0
    try:
        for event, element in document:
            if event == "start":
                depth += 1
                if depth == 1:
                    _check(element, label, roots)
                continue
            if depth == wanted:
                yield element
                _forget(element)
            depth -= 1
    except etree.XMLSyntaxError as error:
        stopped_at = error.position
    # raised out here, where the parser's own message, which quotes the document, is no longer its context
    if refused := ill_formed(label, document.error_log, stopped_at):
        raise refused


def _check(root: Element, label: str, roots: Collection[str]) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise refusal(label, DOCTYPE)
    if root.tag not in roots:
        raise refusal(label, f"its root element is not {' or '.join(sorted(roots))}, as the layout says")


def _names(element: Element) -> tuple[str, ...]:
    """The names from the root to an element."""
    return (*reversed([one.tag for one in element.iterancestors()]), element.tag)


def _below(element: Element, path: tuple[str, ...]) -> Iterator[Element]:
    if not path:
        yield element
        return
    for child in element:
        if child.tag == path[0]:
            yield from _below(child, path[1:])


def _cells(row: Element, around: int) -> Cells:
    """The texts of a row's leaves, and of those in so many elements around it; the nearer ones count first."""
    cells = _texts(leaf for leaf in row.iter() if not len(leaf))
    for element in islice(row.iterancestors(), around):
        for name, texts in _texts(child for child in element if not len(child)).items():
            cells.setdefault(name, texts)
    return cells


def _texts(leaves: Iterable[Element]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for leaf in leaves:
        if texts := tidied(iter((leaf.text,))):
            found[leaf.tag] = (*found.get(leaf.tag, ()), *texts)
    return found


def _forget(element: Element) -> None:
    """Free an element that is done with, and all siblings before it, so that memory stays flat."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (done := element.getprevious()) is not None:
        parent.remove(done)
