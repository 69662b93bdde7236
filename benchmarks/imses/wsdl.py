"""Writes a WSDL and its schemas for createPersons and createMemberships, as the vendor's pages tell of them."""

from __future__ import annotations

from pathlib import Path

from rostersync.targets.itslearning.words import (
    COMMON,
    HEADER,
    MEMBERSHIP,
    MEMBERSHIP_VALUES,
    PERSON,
    PERSON_VALUES,
    action,
)

_XSD = "http://www.w3.org/2001/XMLSchema"
_PREFIXES = {"c": COMMON, "h": HEADER, "pm": PERSON, "pv": PERSON_VALUES, "mm": MEMBERSHIP, "mv": MEMBERSHIP_VALUES}
_SPACES = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in _PREFIXES.items())


def _type(name: str, *fields: str) -> str:
    """A complex type: each field is NAME, NAME:TYPE, or PREFIX.ELEMENT of another schema; * = any number."""
    inside = "".join(map(_field, fields))
    return f'<x:complexType name="{name}"><x:sequence>{inside}</x:sequence></x:complexType>'


def _field(text: str) -> str:
    many = ' maxOccurs="unbounded"' if text.endswith("*") else ""
    name, _, kind = text.rstrip("*").partition(":")
    if "." in name:
        return f'<x:element ref="{name.replace(".", ":")}" minOccurs="0"{many}/>'
    return f'<x:element name="{name}" type="{kind or "x:string"}" minOccurs="0" nillable="true"{many}/>'


def _schema(space: str, *parts: str) -> str:
    others = "".join(
        f'<x:import namespace="{other}" schemaLocation="{prefix}.xsd"/>'
        for prefix, other in _PREFIXES.items()
        if other != space
    )
    return (
        f'<x:schema xmlns:x="{_XSD}" {_SPACES} targetNamespace="{space}" elementFormDefault="qualified">'
        f"{others}{''.join(parts)}</x:schema>"
    )


def _element(name: str, kind: str = "x:string") -> str:
    return f'<x:element name="{name}" type="{kind}"/>'


_SCHEMAS = {
    "c": _schema(
        COMMON,
        *(_element(name) for name in ("identifier", "email", "userIdValue")),
        _type("Field", "fieldName", "fieldType", "fieldValue"),
        _element("extensionField", "c:Field"),
        _type("Source", "c.identifier"),
        _type("Relationship", "relation", "sourceId:c:Source"),
        _element("relationship", "c:Relationship"),
    ),
    "h": _schema(HEADER, _type("Header", "messageIdentifier"), _element("syncRequestHeaderInfo", "h:Header")),
    "pv": _schema(
        PERSON_VALUES,
        _type("Part", "namePartType", "namePartValue"),
        _type("Name", "partName:pv:Part*"),
        _type("Account", "c.userIdValue"),
        _type("Role", "institutionRoleType", "primaryRoleType"),
        _type("Extension", "c.extensionField*", "c.relationship*"),
        _type(
            "Person",
            *("formatName", "name:pv:Name", "c.email", "userId:pv:Account", "institutionRole:pv:Role"),
            "extension:pv:Extension",
        ),
    ),
    "pm": _schema(
        PERSON,
        _type("Pair", "sourcedId:c:Source", "person:pv:Person"),
        _type("Set", "personIdPair:pm:Pair*"),
        _type("Request", "personIdPairSet:pm:Set"),
        _element("createPersonsRequest", "pm:Request"),
    ),
    "mv": _schema(
        MEMBERSHIP_VALUES,
        _type("Extension", "c.extensionField*"),
        _type("Role", "roleType", "status", "extension:mv:Extension"),
        _type("Member", "memberSourcedId:c:Source", "idType", "role:mv:Role*"),
        _type("Membership", "groupSourcedId:c:Source", "member:mv:Member"),
    ),
    "mm": _schema(
        MEMBERSHIP,
        _type("Pair", "sourcedId:c:Source", "membership:mv:Membership"),
        _type("Set", "membershipIdPair:mm:Pair*"),
        _type("Request", "membershipIdPairSet:mm:Set"),
        _element("createMembershipsRequest", "mm:Request"),
    ),
}


def write(folder: Path) -> None:
    """Write `ims.wsdl` and its schemas."""
    for prefix, schema in _SCHEMAS.items():
        (folder / f"{prefix}.xsd").write_text(schema, encoding="utf-8")
    operations = (("createPersons", "pm", action("person", "createPersons")),
                  ("createMemberships", "mm", action("membership", "createMemberships")))  # fmt: skip
    imports = "".join(f'<x:import namespace="{space}" schemaLocation="{one}.xsd"/>' for one, space in _PREFIXES.items())
    messages = "".join(
        f'<w:message name="{name}"><w:part name="body" element="{prefix}:{name}Request"/></w:message>'
        for name, prefix, _ in operations
    )
    ports = "".join(
        f'<w:operation name="{name}"><w:input message="t:{name}"/></w:operation>' for name, _, _ in operations
    )
    bound = "".join(
        f'<w:operation name="{name}"><s:operation soapAction="{told}"/><w:input>'
        '<s:header message="t:header" part="header" use="literal"/><s:body use="literal"/></w:input></w:operation>'
        for name, _, told in operations
    )
    (folder / "ims.wsdl").write_text(
        f'<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:x="{_XSD}" xmlns:t="urn:ims" {_SPACES} targetNamespace="urn:ims">'
        f"<w:types><x:schema>{imports}</x:schema></w:types>"
        f'{messages}<w:message name="header"><w:part name="header" element="h:syncRequestHeaderInfo"/></w:message>'
        f'<w:portType name="P">{ports}</w:portType><w:binding name="B" type="t:P">'
        f'<s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</w:binding>'
        '<w:service name="S"><w:port name="P" binding="t:B"><s:address location="http://127.0.0.1/ims"/></w:port></w:service>'
        "</w:definitions>",
        encoding="utf-8",
    )
