"""What Moodle is told of a user, a school or a group: its fields, within its limits.

Limits are those of Moodle's tables: 100 characters for names and logins, 254 for a course's full name and 255 for other
names (lib/db/install.xml of Moodle 4.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rostersync.model import Group, Organisation, User
from rostersync.targets.moodle.form import Row, Value
from rostersync.targets.moodle.settings import Settings

LONG_NAME: Final = "a name was longer than Moodle takes, and cut"

_NAME_LENGTH: Final = 100
_TITLE_LENGTH: Final = 254
_OSLO: Final = ZoneInfo("Europe/Oslo")
_PLAIN_LOGIN: Final = re.compile(r"[-.@_a-z0-9]{1,100}")
"""What every Moodle takes; others only where the site has extendedusernamechars."""

Remark = Callable[[str], None]


def login_of(user: User) -> str:
    """What the user logs in with, in lower case, as Moodle demands; empty when none is released to her."""
    released = dict(user.fields)
    return (released.get("login") or released.get("feide_id") or "").strip().lower()


def email_of(user: User) -> str:
    """The user's own e-mail address; empty when none is released."""
    return dict(user.fields).get("email", "").strip()


def is_plain(login: str) -> bool:
    """Whether every Moodle takes such a login."""
    return bool(_PLAIN_LOGIN.fullmatch(login))


def names(user: User, remark: Remark) -> dict[str, Value]:
    """The names and our id, which every row carries."""
    return {
        "firstname": _cut(user.given_name, _NAME_LENGTH, remark),
        "lastname": _cut(user.family_name, _NAME_LENGTH, remark),
        "idnumber": user.id,
    }


def profile(user: User, before: User | None, settings: Settings) -> dict[str, Value]:
    """The national number, where the settings name a field for it. One that is withdrawn is blanked."""
    number = dict(user.fields).get("national_number", "")
    had = before is not None and "national_number" in dict(before.fields)
    if not settings.national_number or not (number or had):
        return {}
    return {"customfields": [{"type": settings.national_number, "value": number}]}


def category(organisation: Organisation, parent: int, remark: Remark) -> Row:
    """A school owner or a school, as a course category."""
    name = _cut(organisation.name or organisation.number, _TITLE_LENGTH, remark)
    return {"name": name, "idnumber": organisation.id, "parent": parent}


def course(group: Group, category_key: int, remark: Remark) -> Row:
    """A group as a course. Its short name must be the only one at the site, so a piece of our id is part of it."""
    begin, end = _midnight(group.begin), _midnight(group.end and group.end + timedelta(days=1))
    dates: dict[str, Value] = {"startdate": begin, "enddate": max(end, 0)} if begin else {}
    return {
        "fullname": _cut(group.title or group.name, _TITLE_LENGTH, remark),
        "shortname": f"{_cut(group.name or group.title, 200, remark)} ({group.id[:12]})",
        "categoryid": category_key,
        "idnumber": group.id,
        "visible": 1,
        **dates,
    }


def cohort(group: Group, category_key: int, *, visible: bool, remark: Remark) -> Row:
    """A group as a cohort of its school's category."""
    return {
        "categorytype": {"type": "id", "value": str(category_key)},
        "name": _cut(group.title or group.name, _TITLE_LENGTH, remark),
        "idnumber": group.id,
        "visible": int(visible),
    }


def _cut(text: str, most: int, remark: Remark) -> str:
    if len(text) > most:
        remark(LONG_NAME)
    return text[:most].strip()


def _midnight(day: date | None) -> int:
    """The moment a day begins in Norway, in seconds since 1970; 0 for none."""
    return int(datetime.combine(day, time(), _OSLO).timestamp()) if day else 0
