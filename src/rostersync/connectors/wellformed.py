"""Parses strictly, and says in our own words what is wrong: libxml2's messages quote the document, so none gets out."""

from __future__ import annotations

from typing import TypedDict, cast

from lxml import etree

from rostersync.errors import SnapshotRefused

Element = etree._Element
_Codes = etree.ErrorTypes


class Strictness(TypedDict):
    """The parser options that every document here is read with."""

    resolve_entities: bool
    load_dtd: bool
    no_network: bool
    huge_tree: bool
    recover: bool
    remove_comments: bool
    remove_pis: bool
    collect_ids: bool


STRICT = Strictness(
    resolve_entities=False,
    load_dtd=False,
    no_network=True,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)

CUT_OFF = (
    "it ends too early or its tags do not match: the transfer broke off, or the export did; fetch or export it again"
)
DOCTYPE = (
    "it has a DOCTYPE, which can pull in other files and is never read: have the sender leave it out, "
    'or strip it first, for example with "xmllint --nonet --dropdtd"'
)
_ENTITY = "it uses an entity that XML does not know; the sender must write the character itself"
_CHECK = "have the sender check its export"
_WRONG_BYTES = (
    "it has bytes that do not fit its encoding; most often Latin-1 is written under a declaration of UTF-8: "
    "have the sender declare the encoding that is really written"
)
_SENTENCES = {
    _Codes.ERR_DOCUMENT_EMPTY: "it is not XML: is it packed (gzip, zip), or was an error page saved in its place?",
    _Codes.ERR_DOCUMENT_END: "something follows the end of the document: were two exports written into one file?",
    _Codes.ERR_INVALID_CHAR: "it has a character that XML forbids, such as a control character; have it removed",
    _Codes.ERR_INVALID_ENCODING: _WRONG_BYTES,
    _Codes.ERR_UNSUPPORTED_ENCODING: "it declares an encoding that nobody knows; have the sender write UTF-8",
    _Codes.ERR_UNDECLARED_ENTITY: _ENTITY,
    _Codes.WAR_UNDECLARED_ENTITY: _ENTITY,
    _Codes.ERR_RESERVED_XML_NAME: "something stands before its XML declaration, which must come first",
    _Codes.ERR_RESOURCE_LIMIT: f"it nests deeper, or holds a longer text, than any roster does; {_CHECK}",
    _Codes.NS_ERR_UNDEFINED_NAMESPACE: f"it uses a namespace prefix that it never declares; {_CHECK}",
}
_SENTENCES |= dict.fromkeys(
    (
        _Codes.ERR_GT_REQUIRED,
        _Codes.ERR_LTSLASH_REQUIRED,
        _Codes.ERR_TAG_NAME_MISMATCH,
        _Codes.ERR_TAG_NOT_FINISHED,
        _Codes.ERR_COMMENT_NOT_FINISHED,
        _Codes.ERR_CDATA_NOT_FINISHED,
        _Codes.ERR_PI_NOT_FINISHED,
    ),
    CUT_OFF,
)


def line_of(element: Element) -> int:
    """The line on which an element's text began, in what was parsed."""
    return cast("int | None", element.sourceline) or 0  # the stubs do not know its type


def refusal(label: str, reason: str, line: int = 0, column: int = 0) -> SnapshotRefused:
    """The refusal of a document without proof of completeness. It carries no digest: nobody can release it."""
    where = ":".join(str(part) for part in (label, line, column) if part)
    return SnapshotRefused("no proof", f"{where}: {reason}")


def ill_formed(label: str, log: etree._BaseErrorLog, stopped_at: tuple[int, int] | None) -> SnapshotRefused | None:
    """What a parser's log says of its document: place and cause, nothing of its content; None = it is well-formed.

    `stopped_at` is the line and column where the parser gave up. (The log that comes with an exception is of no use: it
    may hold what other documents did.)
    """
    first = next((entry for entry in log if entry.level > etree.ErrorLevels.WARNING), None)
    if first is None:
        return refusal(label, CUT_OFF, *stopped_at) if stopped_at else None
    sentence = _SENTENCES.get(first.type, f"it is not well-formed XML (libxml2 error {first.type}); {_CHECK}")
    return refusal(label, sentence, first.line, max(first.column, 0))
