"""What the site holds -> elements of an answer, as the service writes them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from rostersync.lab.doubles.itslearning.shapes import COMMON
from rostersync.lab.doubles.itslearning.site import LmsGroup, LmsMembership, LmsPerson


def person_xml(key: str, person: LmsPerson) -> str:
    """A person, in the prefixes m and v; a role that is read back is not always the one that was written."""
    fields = "".join(
        f'<c:extensionField xmlns:c="{COMMON}"><c:fieldName>{name}</c:fieldName><c:fieldType>string</c:fieldType>'
        f"<c:fieldValue>{escape(value)}</c:fieldValue></c:extensionField>"
        for name, value in person.fields.items()
    )
    links = "".join(
        f'<c:relationship xmlns:c="{COMMON}"><c:relation>Child</c:relation><c:sourceId><c:identifier>{escape(child)}'
        "</c:identifier></c:sourceId></c:relationship>"
        for child in sorted(person.children)
    )
    return (
        f"<m:personIdPair><m:sourcedId>{_identifier(key)}</m:sourcedId><m:person><v:name>"
        f"{_part('First', person.first)}{_part('Last', person.last)}</v:name>"
        f'<c:email xmlns:c="{COMMON}">{escape(person.email)}</c:email>'
        f'<v:userId><c:userIdValue xmlns:c="{COMMON}">{escape(person.login)}</c:userIdValue></v:userId>'
        "<v:institutionRole><v:institutionRoleType>Learner</v:institutionRoleType></v:institutionRole>"
        f"<v:extension>{fields}{links}</v:extension></m:person></m:personIdPair>"
    )


def group_xml(key: str, group: LmsGroup) -> str:
    """A hierarchy, in the prefixes m and v."""
    return (
        f"<m:groupIdPair><m:sourcedId>{_identifier(key)}</m:sourcedId><m:group><v:relationship><v:relation>Parent</v:relation>"
        f"<v:sourceId>{_identifier(group.parent)}</v:sourceId></v:relationship><v:description><v:descShort>"
        f"{escape(group.title)}</v:descShort></v:description></m:group></m:groupIdPair>"
    )


def membership_xml(key: str, membership: LmsMembership) -> str:
    """A membership, in the prefixes m and v."""
    return (
        f"<m:membershipIdPair><m:sourcedId>{_identifier(key)}</m:sourcedId><m:membership>"
        f"<v:groupSourcedId>{_identifier(membership.group)}</v:groupSourcedId><v:member><v:memberSourcedId>"
        f"{_identifier(membership.person)}</v:memberSourcedId><v:idType>Person</v:idType><v:role><v:roleType>{membership.role}"
        "</v:roleType></v:role></v:member></m:membership></m:membershipIdPair>"
    )


def _identifier(key: str) -> str:
    return f'<c:identifier xmlns:c="{COMMON}">{escape(key)}</c:identifier>'


def _part(kind: str, text: str) -> str:
    value = f"<v:namePartValue>{escape(text)}</v:namePartValue>"
    return f"<v:partName><v:namePartType>{kind}</v:namePartType>{value}</v:partName>"
