"""Writes what is sent to IST's ISI service: an order (push) and the question whether it is ready (pull), as SOAP 1.1.

The service: http://isi.ist.biz/wsdl, isiPartnerService. Element order, attributes and the qualified names follow the classes
that FINTLabs/fint-isiclient generated from its schema (generated-sources/biz/ist/isi/types).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lxml import etree
from msgspec import Struct

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES: Final = "http://isi.ist.biz/types"
_VERSION: Final = "2"
_AT_MOST: Final = "32"
_KEPT: Final = "18000"
"""`timeout` of a pull, as the vendor's own client is called with (--pull-timeout)."""

_KIND: Final = "INTEGRATION_PARTNER"


class Partner(Struct, frozen=True):
    """Who orders, of whom, and what: `customer` is the school owner, `service` and `message` are the classes of the order."""

    name: str
    password: str
    customer: str
    service: str
    message: str


def push(partner: Partner, order: Iterable[tuple[str, str]]) -> bytes:
    """An order."""
    envelope, asked = _begun("isiPartnerPush", partner)
    trigger = _add(asked, "trigger", serviceClass=partner.service, messageClass=partner.message)
    _add(trigger, "source", systemId=partner.name)
    _add(trigger, "dest", systemId=partner.customer)
    for key, value in order:
        param = _add(trigger, "param")
        _add(param, "key").text = key
        _add(param, "value").text = value
    return _bytes(envelope)


def pull(partner: Partner, trigger: str) -> bytes:
    """The question whether the order of that number is ready."""
    envelope, asked = _begun("isiPartnerPull", partner)
    _add(asked, "fetchSize").text = _AT_MOST
    _add(asked, "timeout").text = _KEPT
    for name in ("responseToTrigger", "statusTrigger"):
        registered = _add(asked, name, serviceClass=partner.service, messageClass=partner.message, triggerId=trigger)
        source = _add(registered, "source", systemId=partner.name)
        _add(source, "type").text = _KIND
        _add(registered, "dest", systemId=partner.customer)
    return _bytes(envelope)


def _begun(operation: str, partner: Partner) -> tuple[etree._Element, etree._Element]:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "isi": TYPES})
    asked = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{TYPES}}}{operation}")
    _add(asked, "version").text = _VERSION
    _add(asked, "system", systemId=partner.name, password=partner.password)
    return envelope, asked


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{TYPES}}}{name}", attributes)


def _bytes(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
