"""Knows in which ways PIFU-IMS and plain IMS Enterprise say the same thing, and which of the two a document is in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

DialectName = Literal["auto", "pifu", "ims"]


class Dialect(Struct, frozen=True):
    """What a document may leave out. `untyped_is_full`: no `properties/type` still means a full export.

    `status` is the status of a role that states none; empty text leaves it absent.
    """

    name: str
    untyped_is_full: bool
    status: str


PIFU = Dialect("pifu", untyped_is_full=False, status="")
IMS = Dialect("ims", untyped_is_full=True, status="1")


def dialect_of(choice: DialectName, namespace: str) -> Dialect:
    """The dialect the config chose; with `auto`, PIFU if the root's namespace says so, as in all versions, else IMS."""
    if choice == "auto":
        return PIFU if "pifu" in namespace.lower() else IMS
    return PIFU if choice == "pifu" else IMS


def in_code(word: str, codes: Mapping[str, str]) -> str:
    """A coded value in its one spelling, whether it was written as a code or as a word; an unknown one as it stands."""
    return codes.get(word) or codes.get("".join(word.split()).lower(), word.strip())


_ROLE_WORDS = {
    "learner": "01",
    "instructor": "02",
    "contentdeveloper": "03",
    "member": "04",
    "manager": "05",
    "mentor": "06",
    "administrator": "07",
    "teachingassistant": "08",
}
ROLETYPES = MappingProxyType(
    _ROLE_WORDS | {code: code for code in _ROLE_WORDS.values()} | {code[1]: code for code in _ROLE_WORDS.values()}
)
STATUSES = MappingProxyType({"1": "1", "active": "1", "aktiv": "1", "0": "0", "inactive": "0", "inaktiv": "0"})
IDTYPES = MappingProxyType({"1": "1", "person": "1", "2": "2", "group": "2"})
RELATIONS = MappingProxyType({"": "1", "1": "1", "parent": "1", "2": "2", "child": "2", "3": "3", "knownas": "3"})
"""A relationship that does not say which it is, is one to a parent."""
TELTYPES = MappingProxyType(
    {"": "tel.voice", "1": "tel.voice", "voice": "tel.voice"}
    | {"2": "tel.fax", "fax": "tel.fax", "3": "tel.mobile", "mobile": "tel.mobile"}
)
"""A telephone of no stated type is a voice telephone."""

USERID_TYPES = (
    *("personNIN", "personLIN", "personFIN", "studentID", "workforceID"),
    *("username", "sisID", "feideID", "microsoftUPN"),
)
EMAIL_TYPES = ("personEmailPrivate", "personEmailAtOrg", "orgEmail")
TEL_TYPES = (
    *("personTelephonePrivate", "personMobilePrivate", "personTelephoneAtOrg", "personMobileAtOrg"),
    *("personFaxAtOrg", "personSwitchboard", "orgTelephone", "orgFax"),
)
STATUS_TYPES = ("activeInactive", "pupilStatus")
ID_TYPES = (
    *("organizationNumber", "vigoNumber", "gsiNumber", "domainName", "municipalityNumber", "countyNumber"),
    *("grepCode", "grepCodeShortForm", "grepCodeGradeLevel", "groupSystemIdUri"),
)
NAME_TYPES = ("legalName", "name", "fullName", "shortName")

GROUP_TYPES = frozenset(
    [("pifu-ims-go-org", word) for word in ("skoleeier", "skole")]
    + [
        ("pifu-ims-go-grp", word)
        for word in (
            *("basisgruppe", "undervisningsgruppe", "kontaktlærergruppe", "trinn", "utdanningsprogram"),
            *(
                "programområde",
                "fag",
                "foresattegruppe",
                "språkopplæring",
                "sammensattgruppe",
                "elevråd",
                "fau",
                "skoleutvalg",
            ),
            *("skolemiljøutvalg", "sfo", "eksamensgruppe"),
        )
    ]
)
"""The (scheme, typevalue) pairs of the profile. A group with several types is what the first of these says."""

READ = frozenset(
    [
        *("person", "group", "membership", "member", "role", "sourcedid", "source", "id", "idtype", "userid"),
        *("name", "fn", "n", "family", "given", "demographics", "gender", "bday", "email", "url", "tel"),
        *("institutionrole", "extension", "pifu_email", "pifu_tel", "pifu_status", "pifu_schoolType"),
        *("pifu_hasContactPerson", "grouptype", "scheme", "typevalue", "description", "short", "long", "full"),
        *("timeframe", "begin", "end", "adminperiod", "relationship", "label", "pifu_id", "pifu_name", "pifu_value"),
        *("subrole", "status", "pifu_primaryRelation"),
    ]
)
"""The elements that claims are made of: none of them can be left out of a fragment's digest."""
