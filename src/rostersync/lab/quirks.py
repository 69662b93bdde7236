"""The ways in which an export can be odd, as switches: what each is, and how it changes the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import reduce

from rostersync.errors import Usage
from rostersync.lab.dialects import STYLES

NAMESPACES = {
    "namespace-0.9": "-0.9",
    "namespace-1.0": "-1.0",
    "namespace-1.1": "-1.1",
    "namespace-1.2": "-1.2",
}
"""Namespace suffixes of older exports; without a quirk it is `-v1`, as in version 1.3."""

QUIRKS: dict[str, str] = {
    "namespace-0.9": "The namespace is that of version 0.9.",
    "namespace-1.0": "The namespace is that of version 1.0.",
    "namespace-1.1": "The namespace is that of versions 1.1 and 1.2.",
    "namespace-1.2": "The namespace is one that some exporters made up for version 1.2.",
    "prefixed-root": "Every element bears a namespace prefix.",
    "ims-enterprise": "Plain IMS Enterprise 1.1: no namespace, groups first, roles as words, idtype as an attribute, "
    "padded ids, ISO-8859-1.",
    "indented": "Every element stands on its own line.",
    "comments": "XML comments and `comments` elements everywhere.",
    "duplicate-person": "Some persons are described twice, in the same words.",
    "member-nowhere": "Some members are nobody whom the export describes.",
    "membership-without-group": "Some memberships belong to a group that the export does not describe.",
    "split-membership": "Some groups have two membership elements.",
    "several-grouptypes": "Classes have a second grouptype, and the owner is also known as another group.",
    "empty-timeframes": "Roles without dates have a timeframe with an empty begin and end.",
    "unknown-extensions": "Extensions contain elements that no version of the profile knows.",
    "passwords": "Persons have a user id with a password.",
    "grades-and-absence": "Marks and absence are in the export.",
    "photos": "Persons have a photo.",
    "other-contact-types": "Contacts who are not guardians are fosterParent and closeRelative instead of nextOfKin.",
    "no-prefixed-orgnr": "Organisation numbers are written with NO in front.",
    "bad-check-digits": "Some pupils' national numbers have a wrong check digit.",
    "old-and-new-ids": "Some assistants get a new source id, announced with sourcedidtype Old and New.",
    "person-without-name": "Some persons have no name.",
    "conflicting-person": "One assistant is described twice, under two names.",
    "group-without-school": "A class belongs to a school that the export does not describe.",
    "inverted-dates": "Some pupils' class memberships end before they begin.",
    "empty-groups": "Each school has a teaching group without members.",
    "non-ascii-ids": "Group ids are words with spaces and Norwegian letters (assumed of earlier exports too).",
    "revealing-group-name": "Each school has a teaching group whose name reveals a special need.",
    "missing-school": "The last school is missing, with its groups and everyone who is at that school only.",
    "zero-persons": "There are groups, but no persons and no memberships.",
    "wrong-school-year": "Another school year was asked for: pupils, guardians and groups are gone, employees are not.",
    "stale-date": "The export is dated thirty days before the last one.",
    "latin1-bytes": "The declaration says UTF-8, but a text is in ISO-8859-1.",
    "control-characters": "A text contains a control character.",
    "truncated": "The file ends in the middle.",
    "doctype": "There is a document type declaration.",
    "entity-bomb": "There is a document type with entities that grow to gigabytes.",
}
"""Name -> what is odd. An account supposes them of its own day only, but for `non-ascii-ids`."""

REFUSED = frozenset(
    {
        "zero-persons",
        "stale-date",
        "latin1-bytes",
        "control-characters",
        "truncated",
        "doctype",
        "entity-bomb",
    }
)
"""Exports that a sync must not take."""

HELD = frozenset({"missing-school", "wrong-school-year"})
"""Exports whose departures a sync must hold."""

HABITS = frozenset({"non-ascii-ids"})
"""Quirks that an exporting system has always had: earlier exports had them too."""

Edit = Callable[[str, int], str]
"""Changes the text of one top-level element, given how many of its kind stand before it."""

_USERNAME = '<userid useridtype="username" password="6c6162" pwencryptiontype="MD5" authenticationtype="LDAP">'
_STRANGE = "<pifu_eduPersonEntitlement>urn:mace:example:lab</pifu_eduPersonEntitlement>"
_ABSENCE = (
    '<pifu_absence pifu_absence_mode="aggregate"><pifu_absence_type>days</pifu_absence_type>'
    "<timeframe><adminperiod>H2026</adminperiod></timeframe><pifu_absence_value>3.5</pifu_absence_value></pifu_absence>"
)
_MARK = '<finalresult resulttype="standpunkt"><mode>Number grade</mode><result>5</result></finalresult>'
_NOBODY = (
    "<member><sourcedid><source>ist@lysvik.example</source><id>0101909990000000</id></sourcedid><idtype>1</idtype>"
    '<role roletype="01"><status>1</status></role></member>'
)
_ALSO_KNOWN = (
    '<relationship relation="3"><sourcedid><source>ist@lysvik.example</source><id>lysvik-gammel</id></sourcedid>'
    "<label>Tidligere navn</label></relationship>"
)
_SECOND_TYPE = (
    '<grouptype><scheme>pifu-ims-go-grp</scheme><typevalue level="10">sammensattgruppe</typevalue></grouptype>'
)


def check(quirks: frozenset[str]) -> None:
    """Refuse names that are no quirks.

    Raises:
        Usage: with every unknown name and the nearest right one.
    """
    problems = []
    for name in sorted(quirks - QUIRKS.keys()):
        near = get_close_matches(name, QUIRKS, n=1)
        problems.append(f'unknown quirk "{name}"' + (f' (did you mean "{near[0]}"?)' if near else ""))
    if problems:
        raise Usage(problems)


def editor(kind: str, quirks: frozenset[str]) -> Edit | None:
    """All changes to elements of one kind (`properties`, `person`, `group`, `membership`); None when there are none."""
    edits = [edit for quirk, of, edit in _EDITS if quirk in quirks and of == kind]
    styles = [style for quirk, style in STYLES.items() if quirk in quirks]
    if not edits and not styles:
        return None

    def edited(text: str, nth: int) -> str:
        text = reduce(lambda so_far, edit: edit(so_far, nth), edits, text)
        return reduce(lambda so_far, style: style(so_far), styles, text)

    return edited


def _append(tag: str, more: str) -> Edit:
    """Put something at the end of the last element with this tag."""
    return lambda text, _: more.join((text[: text.rindex(tag)], text[text.rindex(tag) :])) if tag in text else text


def _prepend(tag: str, more: str, *, every: int = 1) -> Edit:
    """Put something in front of the first such tag of every so many elements."""
    return lambda text, nth: text.replace(tag, more + tag, 1) if nth % every == 0 else text


def _photo(text: str, nth: int) -> str:
    photo = f'<photo imgtype="image/jpeg"><extref>https://bilder.lysvik.example/{nth}.jpg</extref></photo>'
    return text.replace("<extension>", photo + "<extension>", 1)


def _twice(text: str, nth: int) -> str:
    return text * 2 if nth % 60 == 7 else text


def _split(text: str, nth: int) -> str:
    middle = text.find("</member><member>", len(text) // 2)
    if nth % 5 or middle < 0:
        return text
    head = text[: text.index("<member>")]
    at = middle + len("</member>")
    return f"{text[:at]}</membership>{head}{text[at:]}"


def _without_group(text: str, nth: int) -> str:
    return text + re.sub(r"<id>[^<]*</id>", "<id>1_0_2026_99Z</id>", text, count=1) if nth % 100 == 3 else text


def _contact_types(text: str, nth: int) -> str:
    return text.replace('type="nextOfKin"', f'type="{("fosterParent", "closeRelative")[nth % 2]}"')


def _several_types(text: str, _: int) -> str:
    if ">skoleeier<" in text:
        return text.replace("</relationship>", "</relationship>" + _ALSO_KNOWN, 1)
    return text.replace("</grouptype>", "</grouptype>" + _SECOND_TYPE, 1) if ">basisgruppe<" in text else text


def _empty_timeframes(text: str, _: int) -> str:
    empty = '<timeframe><begin restrict="0"></begin><end restrict="0"></end></timeframe>'
    return re.sub(r"(<status>\d</status>)(?=</role>|<extension>)", rf"\1{empty}", text)


def _marks(text: str, _: int) -> str:
    return re.sub(r'(<role roletype="01"><status>1</status>)(?=</role>)', rf"\1{_MARK}", text)


def _prefixed_numbers(text: str, _: int) -> str:
    return re.sub(r"<pifu_value>(\d{9})</pifu_value>", r"<pifu_value>NO\1</pifu_value>", text)


_EDITS: tuple[tuple[str, str, Edit], ...] = (
    ("entity-bomb", "properties", lambda text, _: text.replace("</target>", "&e;</target>", 1)),
    ("passwords", "person", _prepend("<name>", f"{_USERNAME}labbruker</userid>")),
    ("photos", "person", _photo),
    ("unknown-extensions", "person", _append("</extension>", _STRANGE)),
    ("unknown-extensions", "group", _append("</extension>", _STRANGE)),
    ("grades-and-absence", "person", _append("</extension>", _ABSENCE)),
    ("grades-and-absence", "membership", _marks),
    ("other-contact-types", "person", _contact_types),
    ("control-characters", "person", lambda text, nth: text.replace("</fn>", "\x0b</fn>", 1) if nth == 3 else text),
    ("duplicate-person", "person", _twice),
    ("several-grouptypes", "group", _several_types),
    ("no-prefixed-orgnr", "group", _prefixed_numbers),
    ("empty-timeframes", "membership", _empty_timeframes),
    ("member-nowhere", "membership", _prepend("<member>", _NOBODY, every=10)),
    ("split-membership", "membership", _split),
    ("membership-without-group", "membership", _without_group),
)
"""Quirk, kind of element, change; in the order in which they are made."""
