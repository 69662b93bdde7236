"""Writes organisations, groups and users as elements of IMS Enterprise 1.1: templates with every text escaped.

The order of children is that of the binding (IMS Enterprise XML Binding 1.1); tests hold it to the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final
from xml.sax.saxutils import escape

from rostersync.model import Group, Held, Membership, Organisation, Role, User
from rostersync.targets.ims_enterprise.settings import Settings
from rostersync.targets.ims_enterprise.words import (
    ELSEWHERE,
    INSTRUCTOR,
    MENTOR,
    MENTOR_GROUP,
    ROLETYPES,
    USERID_TYPES,
    RecStatus,
    group_type,
    profiles,
)
from rostersync.targets.leftout import LeftOut

HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<enterprise>\n'
TAIL: Final = "</enterprise>\n"
NO_PLACE: Final = "a released field that IMS Enterprise has no place for"
NO_GUARDIAN: Final = "a guardianship with a user whom the LMS should not hold, or only as suspended"

_MOBILE: Final = ' teltype="3"'
_QUOTES: Final = {'"': "&quot;"}
_FORBIDDEN: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), " ")
"""What XML 1.0 forbids or discourages, and line ends, which have no business in a name or a key."""
_LABELS: Final = {"owner": "Root", "school": "School"}


def plain(raw: str) -> str:
    """A text without the characters that cannot stand in XML."""
    return raw if raw.isprintable() else raw.translate(_FORBIDDEN)


def text(raw: str) -> str:
    """A text as it may stand in an element or an attribute."""
    return raw if raw.isalnum() else escape(plain(raw), _QUOTES)  # keys, of which there are millions, need nothing


class Elements:
    """Writes for one target. What has no place is counted in `left_out`."""

    def __init__(self, settings: Settings, left_out: LeftOut) -> None:
        self._settings = settings
        self._source = text(settings.datasource)
        self._profiles = {role: text(profile) for role, profile in profiles(settings).items()}
        self._left_out = left_out

    def properties(self, kind: str, now: datetime) -> str:
        """What the document is, and when it was made (local time without a zone, as senders of the format write it)."""
        moment = now.replace(microsecond=0, tzinfo=None).isoformat()
        return (
            f'<properties lang="no"><datasource>{self._source}</datasource><type>{kind}</type>'
            f"<datetime>{moment}</datetime></properties>\n"
        )

    # -- structure ----------------------------------------------------------------------------------------------------

    def organisation(self, organisation: Organisation, status: RecStatus = "") -> str:
        """The owner or a school. The top of the tree points to itself."""
        name = text(organisation.name)
        number = f"<id>{text(organisation.number)}</id>" if organisation.number else ""
        return (
            f"<group{_recstatus(status)}>{self.sourcedid(organisation.id)}{self._grouptype(organisation.kind)}"
            f"<description><short>{name}</short><long>{name}</long></description>"
            f"<org><orgname>{name}</orgname>{number}</org>"
            f"{self._parent(organisation.parent or organisation.id, 'owner')}</group>\n"
        )

    def group(self, group: Group, status: RecStatus = "") -> str:
        """A class or another group, below its school."""
        short, long = text(group.name or group.title), text(group.title or group.name)
        return (
            f"<group{_recstatus(status)}>{self.sourcedid(group.id)}{self._grouptype(group.kind)}"
            f"<description><short>{short}</short><long>{long}</long></description>{_timeframe(group.begin, group.end)}"
            f"{self._parent(group.school, 'school')}</group>\n"
        )

    def _grouptype(self, kind: str) -> str:
        scheme, value, level = group_type(kind, self._settings)
        return f'<grouptype><scheme>{scheme}</scheme><typevalue level="{level}">{value}</typevalue></grouptype>'

    def _parent(self, key: str, kind: str) -> str:
        return f'<relationship relation="1">{self.sourcedid(key)}<label>{_LABELS[kind]}</label></relationship>'

    # -- users --------------------------------------------------------------------------------------------------------

    def person(self, user: User, key: str, guardians: Iterable[str], status: RecStatus = "") -> str:
        """A user with her values; `guardians` are the keys of those who may follow this pupil."""
        fields = dict(user.fields)
        given, family = text(user.given_name), text(user.family_name)
        self._left_out.add(NO_PLACE, sum(name not in ELSEWHERE and name not in USERID_TYPES for name in fields))
        return (
            f"<person{_recstatus(status)}>{self.sourcedid(key)}{_userids(fields)}"
            f"<name><fn>{given} {family}</fn><n><family>{family}</family><given>{given}</given></n></name>"
            f"{_inside('demographics', _filled('bday', fields.get('birth_date', '')))}"
            f"{_filled('email', fields.get('email', ''))}{_filled('tel', fields.get('mobile', ''), _MOBILE)}"
            f'<institutionrole primaryrole="Yes" institutionroletype="{self._profiles[user.role]}"/>'
            f"{_inside('extension', ''.join(map(self._guardian, guardians)))}</person>\n"
        )

    def gone(self, key: str) -> str:
        """A user who is deleted: her key says it all, and her name stays here."""
        return f'<person recstatus="3">{self.sourcedid(key)}<name><fn>{text(key)}</fn></name></person>\n'

    def _guardian(self, key: str) -> str:
        if self._settings.words == "pifu":
            return f'<pifu_hasContactPerson type="guardian">{self.sourcedid(key)}</pifu_hasContactPerson>'
        kind = "<relationshiptype>parent</relationshiptype>"
        return f"<relationship>{kind}{self.sourcedid(key)}</relationship>"

    # -- memberships --------------------------------------------------------------------------------------------------

    def membership(self, group: str, members: Iterable[str]) -> Iterator[str]:
        """A group with its members, which are made by `member`."""
        yield f"<membership>{self.sourcedid(group)}\n"
        yield from members
        yield "</membership>\n"

    def member(self, key: str, roletype: str, status: RecStatus = "") -> str:
        """One member with her role; one that is deleted is inactive too, for readers that know no recstatus."""
        standing = "0" if status == "3" else "1"
        return (
            f"<member>{self.sourcedid(key)}<idtype>1</idtype>"
            f'<role{_recstatus(status)} roletype="{roletype}"><status>{standing}</status></role></member>\n'
        )

    def sourcedid(self, key: str) -> str:
        """The key of anything."""
        return f"<sourcedid><source>{self._source}</source><id>{text(key)}</id></sourcedid>"


def roletype(role: Role, kind: str = "") -> str:
    """The role in a group of a `kind`, or at a school; staff in a contact teacher's group is its mentor."""
    found = ROLETYPES[role]
    return MENTOR if kind == MENTOR_GROUP and found == INSTRUCTOR else found


def depth(value: Held | None) -> int:
    """How far below the top it stands: importers want a parent before what hangs below it."""
    if isinstance(value, Organisation):
        return 1 if value.parent else 0
    return 2


def ties(user: User) -> tuple[Membership, ...]:
    """Everything a user is a member of, schools first, the home school foremost; nothing for a suspended one."""
    if not user.enabled:
        return ()
    return (*(Membership(at.school, at.role) for at in user.schools), *user.memberships)


def _userids(fields: dict[str, str]) -> str:
    name = fields.get("login") or fields.get("feide_id") or ""
    typed = (_filled("userid", fields.get(one, ""), f' useridtype="{kind}"') for one, kind in USERID_TYPES.items())
    return _filled("userid", name) + "".join(typed)


def _filled(name: str, raw: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{text(raw)}</{name}>" if raw else ""


def _inside(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>" if content else ""


def _timeframe(begin: date | None, end: date | None) -> str:
    dates = _filled("begin", begin.isoformat() if begin else "") + _filled("end", end.isoformat() if end else "")
    return _inside("timeframe", dates)


def _recstatus(status: RecStatus) -> str:
    return f' recstatus="{status}"' if status else ""
