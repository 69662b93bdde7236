"""Reads the users of a full file that is already there, whoever wrote it, for `adopt`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from rostersync.errors import NotOurs
from rostersync.targets import Existing
from rostersync.targets.ims_enterprise.words import DELETED

_PERSON = ("{*}person",)


def users_of(path: Path, label: str) -> Iterator[Existing]:
    """The persons of a document, in its order. `label` names the file in messages.

    Raises:
        NotOurs: it is no IMS Enterprise document that can be read. The reason quotes nothing of it.
    """
    persons = etree.iterparse(
        str(path), events=("end",), tag=_PERSON, resolve_entities=False, load_dtd=False, no_network=True
    )
    broken = False
    try:
        for _, person in persons:
            if key := person.findtext("{*}sourcedid/{*}id", "").strip():
                yield _existing(person, key)
            person.clear()
    except etree.XMLSyntaxError:
        broken = True
    # raised out here, where the parser's own message, which quotes the document, is no longer its context
    if broken or persons.root is None or etree.QName(persons.root).localname != "enterprise":
        raise NotOurs(f"{label} is there but is no IMS Enterprise file that can be read; move it away, or mend it")


def _existing(person: etree._Element, key: str) -> Existing:
    userids = {one.get("useridtype", ""): (one.text or "").strip() for one in reversed(person.findall("{*}userid"))}
    enabled = person.get("recstatus", "") != DELETED
    return Existing(key, userids.get("personNIN", ""), userids.get("", ""), enabled)
