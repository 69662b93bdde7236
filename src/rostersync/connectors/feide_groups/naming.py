"""Tells from a group's id what it is, and gives it a key that stays the same.

`fc:org:REALM` is the owner, `fc:org:REALM:unit:NUMBER` a school, `fc:gogroup:REALM:TYPE:NUMBER:LOCAL ID:FROM:TO` a group of a
school, each part percent-encoded (docs.feide.no/reference/apis/groups_api). The dates may be a member's own, so one
group can come under several ids: its key has the school year in their place, and the local id in small letters, as
Feide's canonical form has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from unicodedata import normalize
from urllib.parse import quote, unquote

_DATE: Final = re.compile(r"(\d{4})-(\d\d)-\d\d")
_NEW_YEAR: Final = 7
"""The month from which on a date belongs to the school year that begins in its own year."""

_PARTS: Final = 8
_LANGUAGES: Final = ("nb", "no", "nn", "fallback", "en")
OWNER: Final = "owner"
SCHOOL: Final = "school"


class Name(NamedTuple):
    """What a group's id says. `kind` is OWNER, SCHOOL or the go_type; `key` and `parent` are empty where it cannot tell."""

    kind: str
    key: str = ""
    parent: str = ""
    number: str = ""
    local: str = ""
    begin: str = ""
    end: str = ""


def name_of(group: Mapping[str, Any]) -> Name:
    """What an entry of the API is."""
    parts = [unquote(part) for part in str(group.get("id", "")).split(":")]
    if parts[:2] == ["fc", "org"]:
        if len(parts) == 3:
            return Name(OWNER, OWNER)
        number = _unit(parts)
        return Name(SCHOOL, f"{SCHOOL}/{number}" if number else "", OWNER, number)
    kind = str(group.get("go_type") or (parts[3] if len(parts) > 3 else group.get("type") or "")).lower()
    if parts[:2] != ["fc", "gogroup"] or len(parts) != _PARTS or not (parts[4] and parts[5]):
        return Name(kind)
    number, local, begin, end = parts[4].upper(), normalize("NFC", parts[5]).lower(), parts[6], parts[7]
    school = _unit(str(group.get("parent") or "").split(":")) or number
    key = f"{kind}/{number}/{quote(local, safe='')}/{_school_year(begin)}"
    return Name(kind, key, f"{SCHOOL}/{school}", number, local, begin, end)


def title_of(group: Mapping[str, Any]) -> str:
    """What a group is called: a text, or one of several languages."""
    title = group.get("displayName")
    if isinstance(title, Mapping):
        title = next((title[one] for one in (*_LANGUAGES, *sorted(title)) if title.get(one)), "")
    return normalize("NFC", title).strip() if isinstance(title, str) else ""


def _unit(parts: list[str]) -> str:
    """The number behind `unit`; what stands before it is wrong even in Feide's own examples."""
    return parts[-1].upper() if len(parts) > 1 and parts[-2] == "unit" else ""


def _school_year(begin: str) -> str:
    found = _DATE.fullmatch(begin)
    if not found:
        return begin
    return str(int(found[1]) - (int(found[2]) < _NEW_YEAR))
