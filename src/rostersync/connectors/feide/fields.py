"""The fields of a Feide directory, and the attributes that each is read from. Nothing else is ever asked for.

Names, e-mail and telephone are left out on purpose: the school systems give those. So is `userPassword`, which every
Feide entry has. Attributes: norEdu 2.0 (docs.feide.no/schema/noredu) and eduPerson.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from rostersync.model import Wanted

ID: Final = "id"
"""The id that the server itself gives an entry, and never gives again."""
ID_ATTRIBUTES: Final = ("entryUUID", "objectGUID", "nsUniqueId")
"""By which names servers know it: OpenLDAP (RFC 4530), Active Directory, 389 Directory Server."""
BINARY: Final = frozenset({"objectGUID"})
LIN: Final = "norEduPersonLIN"
LOCAL_NUMBERS: Final = {"localnin": f"{LIN}.localnin", "fin": f"{LIN}.fin"}
"""A local number is REALM:KIND:NUMBER (info_go, chapter 5); each kind is a field of its own."""
ENTITLEMENT: Final = "eduPersonEntitlement"
GROUP_PREFIX: Final = b"urn:mace:feide.no:go:group:"
"""How an entitlement begins that speaks of a group; in any case of letters."""
SCHOOL_DN: Final = "eduPersonOrgUnitDN"
AFFILIATION: Final = "eduPersonAffiliation"
GUARDIAN: Final = "norEduPersonGuardianNIN"
DN: Final = "dn"
OWNER_NUMBER: Final = "norEduOrgNIN"
SCHOOL_NUMBER: Final = "norEduOrgUnitUniqueIdentifier"
SCHOOL_FILTER: Final = f"(|({SCHOOL_NUMBER}=*)({OWNER_NUMBER}=*))"
SCHOOL_ATTRIBUTES: Final = (SCHOOL_NUMBER, OWNER_NUMBER, "ou", "o", "eduOrgLegalName")

_PERSON: Final = (
    "uid",
    "eduPersonPrincipalName",
    "eduPersonPrincipalNamePrior",
    "norEduPersonNIN",
    LIN,
    "norEduPersonBirthDate",
    AFFILIATION,
    "eduPersonPrimaryAffiliation",
)

FIELDS: Final[Wanted] = {
    "person": frozenset({ID, *_PERSON, *LOCAL_NUMBERS.values()}),
    "contact": frozenset({"contact", "type"}),
    "group": frozenset({"group", "type", "name", "number", "parent", "grep", "begin", "end"}),
    "membership": frozenset({"group", "type"}),
    "member": frozenset({"member", "role", "begin", "end"}),
}
"""Every field that this source can deliver, by record kind."""


class Asked(Struct, frozen=True):
    """What one reading asks the server for: attributes of persons, and of organisations (none: not asked at all)."""

    persons: tuple[str, ...]
    schools: tuple[str, ...] = ()


def asked(wanted: Wanted, *, guardians: bool) -> Asked:
    """The attributes behind the fields that are wanted."""
    persons = {name.partition(".")[0] for name in wanted.get("person", ())} - {ID}
    if guardians and wanted.get("contact"):
        persons.add(GUARDIAN)
    grouped = any(wanted.get(kind) for kind in ("group", "membership", "member"))
    if grouped:
        persons |= {ENTITLEMENT, SCHOOL_DN, AFFILIATION}
    return Asked((*sorted(persons), *ID_ATTRIBUTES), SCHOOL_ATTRIBUTES if grouped else ())
