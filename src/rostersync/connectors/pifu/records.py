"""Turns one element into one Record. The tables `_person`, `_group` and `_role` map the document to field names.

What no table names (passwords, photographs, absence, grades, addresses, native tongue) cannot leave the source,
whatever a mapping asks for.
"""

from __future__ import annotations

import re

from rostersync.connectors import Wanted
from rostersync.connectors.pifu import dialects
from rostersync.connectors.pifu.dialects import Dialect, in_code
from rostersync.connectors.pifu.steps import (
    SOURCEDID_FIELDS,
    Found,
    Grouptype,
    Step,
    Steps,
    Wish,
    key_of,
    local_name,
    tidy,
    walk,
)
from rostersync.connectors.wellformed import Element
from rostersync.model import ClaimKind, Record, RecordKind

_MENTOR_GROUP = re.compile(r"3_([0-9]{11})(?:_|\Z)")
_RECORD_KINDS: tuple[RecordKind, ...] = ("person", "contact", "group", "membership", "member")
_NOTHING: frozenset[str] = frozenset()


class Recorder:
    """Makes records for one reading: with the fields that are `wanted`, in the document's dialect."""

    def __init__(self, wanted: Wanted, dialect: Dialect) -> None:
        wish = {kind: Wish(wanted.get(kind, _NOTHING)) for kind in _RECORD_KINDS}
        self.dialect = dialect
        self._wish = wish
        self._steps = {
            "person": _person(wish["person"], _contact(wish["contact"])),
            "group": _group(wish["group"]),
            "membership": _membership(wish["membership"], _member(wish["member"], dialect)),
        }

    def record(self, kind: ClaimKind, element: Element, above: int = 0) -> Record:
        """The record of a top-level element. `above` is how many of the document's lines precede the parsed text.

        Raises:
            ValueError: a membership that names no group. The reason names nobody.
        """
        found = Found(above)
        walk(element, self._steps[kind], found)
        if kind == "membership" and not found.keys:
            raise ValueError("the membership names no group (sourcedid)")
        if kind == "group":
            _settle_group(self._wish["group"], found)
        if kind != "membership" and self._wish[kind].has("recstatus"):
            found.add("recstatus", element.get("recstatus"))
        return Record(kind, found.texts, found.line(element), tuple(found.parts))

    def members(self, element: Element) -> tuple[Record, ...]:
        """The members of a membership, whatever its group."""
        found = Found()
        walk(element, self._steps["membership"], found)
        return tuple(found.parts)


def every_field() -> Wanted:
    """Every field name a document can deliver, by record kind."""
    wish = {kind: Wish(None) for kind in _RECORD_KINDS}
    _person(wish["person"], _contact(wish["contact"]))
    _group(wish["group"])
    _settle_group(wish["group"], Found())
    _membership(wish["membership"], _member(wish["member"], dialects.PIFU))
    extra = {"person": {"recstatus"}, "group": {"recstatus"}}
    return {kind: frozenset(one.named | extra.get(kind, set())) for kind, one in wish.items()}


# -- person ---------------------------------------------------------------------------------------------------------


def _family(prefix: str, types: tuple[str, ...]) -> dict[str, str]:
    return {one: f"{prefix}.{one}" for one in types}


def _person(wish: Wish, contact: Step | None) -> Steps:
    return Steps(
        sourcedid=wish.sourcedid(),
        userid=wish.typed({"": "userid"} | _family("userid", dialects.USERID_TYPES), "useridtype"),
        name=wish.inside(
            fn=wish.text("name.fn"), n=wish.inside(family=wish.text("name.family"), given=wish.text("name.given"))
        ),
        demographics=wish.inside(gender=wish.text("gender"), bday=wish.text("bday")),
        email=wish.text("email"),
        url=wish.text("url"),
        tel=wish.typed(dialects.TELTYPES, "teltype"),
        institutionrole=wish.attribute("institutionrole", "institutionroletype"),
        extension=wish.inside(
            pifu_email=wish.typed(_family("ext.email", dialects.EMAIL_TYPES)),
            pifu_tel=wish.typed(_family("ext.tel", dialects.TEL_TYPES)),
            pifu_status=wish.typed(_family("ext.status", dialects.STATUS_TYPES)),
            pifu_schoolType=wish.text("ext.schoolType"),
            pifu_hasContactPerson=contact,
        ),
    )


def _contact(wish: Wish) -> Step | None:
    kind, contact = wish.has("type"), wish.has("contact")

    def step(child: Element, found: Found) -> None:
        inner = Found(found.above)
        if kind:
            inner.add("type", child.get("type"))
        if contact:
            inner.add("contact", _key_inside(child))
        found.parts.append(Record("contact", inner.texts, found.line(child)))

    return step if kind or contact else None


def _key_inside(element: Element) -> str:
    """The key that the `sourcedid` among an element's children spells; empty when there is none."""
    for child in element:
        if local_name(child.tag) == "sourcedid":
            return "/".join(key_of(child) or ())
    return ""


# -- group ----------------------------------------------------------------------------------------------------------


def _group(wish: Wish) -> Steps:
    return Steps(
        sourcedid=wish.sourcedid(),
        grouptype=_grouptype(wish),
        description=wish.inside(**{size: wish.text(f"description.{size}") for size in ("short", "long", "full")}),
        timeframe=_timeframe(wish, adminperiod=wish.text("adminperiod")),
        relationship=_relationship(wish),
        email=wish.text("email"),
        url=wish.text("url"),
        extension=wish.inside(
            pifu_id=wish.typed(_family("ext.id", dialects.ID_TYPES), value="pifu_value"),
            pifu_name=wish.typed(_family("ext.name", dialects.NAME_TYPES)),
            pifu_schoolType=wish.text("ext.schoolType"),
        ),
    )


def _timeframe(wish: Wish, **more: Step | None) -> Step | None:
    return wish.inside(begin=wish.text("timeframe.begin"), end=wish.text("timeframe.end"), **more)


def _grouptype(wish: Wish) -> Step | None:
    wanted = [name for name in Grouptype._fields if wish.has(name)]

    def step(child: Element, found: Found) -> None:
        scheme = kind = level = ""
        for part in child:
            if local_name(part.tag) == "scheme":
                scheme = tidy(part.text or "")
            else:
                kind = tidy(part.text or "")
            # IMS senders put the level on the scheme, PIFU on the type
            level = part.get("level", level).strip()
        found.grouptypes.append(Grouptype(scheme, level, kind))

    return step if wanted else None


def _settle_group(wish: Wish, found: Found) -> None:
    """What only a whole group can tell: which of its types counts, which parent is not itself, who its mentor is."""
    mentor = wish.has("mentor")
    if found.grouptypes:
        known = (one for one in found.grouptypes if (one.scheme, one.type) in dialects.GROUP_TYPES)
        for name, text in next(known, found.grouptypes[0])._asdict().items():
            if wish.has(name):
                found.add(name, text)
    # the top of the tree points to itself, under its new key or its old one
    own = {"/".join(key) for key in found.keys}
    if parents := tuple(parent for parent in found.texts.pop("parent", ()) if parent not in own):
        found.texts["parent"] = parents
    for (source, number), name in found.keys.items():
        # IST names a contact teacher's group after her: she is no member of it, her number stands in its id
        if mentor and name == "sourcedid" and (named := _MENTOR_GROUP.match(number)):
            found.add("mentor", f"{source}/{named[1]}")


def _relationship(wish: Wish) -> Step | None:
    parent, label = wish.has("parent"), wish.text("relation.label")

    def step(child: Element, found: Found) -> None:
        if in_code(child.get("relation", ""), dialects.RELATIONS) == "1":
            if parent:
                found.add("parent", _key_inside(child))
            walk(child, inner, found)

    inner = Steps(label=label)
    return step if parent or label else None


# -- membership -----------------------------------------------------------------------------------------------------


def _membership(wish: Wish, member: Step) -> Steps:
    return Steps(sourcedid=wish.sourcedid(dict.fromkeys(SOURCEDID_FIELDS, "sourcedid")), member=member)


def _member(wish: Wish, dialect: Dialect) -> Step:
    """One part for each role; one without a role for a member who has none, so that she is not lost unseen."""
    wants_member, wants_idtype = wish.has("member"), wish.has("idtype")
    take_role = _role(wish, dialect)

    def step(child: Element, found: Found) -> None:
        key, idtype, roles = _member_parts(child)
        if idtype == "2":
            return  # a group inside a group; its own members are listed with it
        line = found.line(child)
        for role in roles or (None,):
            inner = Found(found.above)
            if wants_idtype and idtype:
                inner.texts["idtype"] = (idtype,)
            if role is not None:
                take_role(role, inner)
            found.parts.append(Record("member", inner.texts, line, whose=key if wants_member else ""))

    return step


def _member_parts(member: Element) -> tuple[str, str, list[Element]]:
    """Who is a member, whether a person ("1") or a group ("2"), and her roles."""
    key, idtype, roles = "", "", []
    for part in member:
        name = local_name(part.tag)
        if name == "role":
            roles.append(part)
        elif name == "sourcedid":
            key = "/".join(key_of(part) or ())
        elif name == "idtype":
            idtype = in_code(part.text or part.get("idtype") or "", dialects.IDTYPES)
    return key, idtype, roles


def _role(wish: Wish, dialect: Dialect) -> Step:
    roletype, recstatus, status = wish.has("roletype"), wish.has("recstatus"), wish.has("status")
    steps = Steps(
        subrole=wish.text("subrole"),
        status=wish.text("status", dialects.STATUSES),
        datetime=wish.text("datetime"),
        timeframe=_timeframe(wish),
        extension=wish.inside(pifu_primaryRelation=wish.text("primary")),
    )

    def step(role: Element, found: Found) -> None:
        if roletype:
            found.add("roletype", in_code(role.get("roletype", ""), dialects.ROLETYPES))
        if recstatus:
            found.add("recstatus", role.get("recstatus"))
        walk(role, steps, found)
        if status and "status" not in found.texts:
            found.add("status", dialect.status)

    return step
