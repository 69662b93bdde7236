"""The namespaces, operations and addresses of IMS Enterprise Services as itslearning speaks them.

Sources: developer.itslearning.com (Managing persons, groups and memberships), IMS Enterprise Services 1.0.
"""

from __future__ import annotations

from typing import Final, Literal

Service = Literal["person", "extended", "group", "membership"]

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
PASSWORD_TEXT: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"  # noqa: S105 - no secret of anybody
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

_IMS: Final = "http://www.imsglobal.org/services/"
COMMON: Final = f"{_IMS}common/imsCommonSchema_v1p0"
HEADER: Final = f"{_IMS}common/imsMessBindSchema_v1p0"
PERSON: Final = f"{_IMS}pms/xsd/imsPersonManMessSchema_v1p0"
PERSON_VALUES: Final = f"{_IMS}pms/xsd/imsPersonManDataSchema_v1p0"
GROUP: Final = f"{_IMS}gms/xsd/imsGroupManMessSchema_v1p0"
GROUP_VALUES: Final = f"{_IMS}gms/xsd/imsGroupManDataSchema_v1p0"
MEMBERSHIP: Final = f"{_IMS}mms/xsd/imsMemberManMessSchema_v1p0"
MEMBERSHIP_VALUES: Final = f"{_IMS}mms/xsd/imsMemberManDataSchema_v1p0"

_ACTION: Final = "http://www.imsglobal.org/soap/{}/{}"
_SYSTEMS: Final = {"person": "pms", "extended": "pms", "group": "gms", "membership": "mms"}
_MESSAGES: Final = {"person": PERSON, "extended": PERSON, "group": GROUP, "membership": MEMBERSHIP}


def action(service: Service, operation: str) -> str:
    """The SOAPAction of an operation. Reading everybody belongs to the extended service and is named like the others."""
    return _ACTION.format(_SYSTEMS[service], operation)


def messages(service: Service) -> str:
    """The namespace of a service's requests and replies; their parts are in the one of its values, or the common one."""
    return _MESSAGES[service]
