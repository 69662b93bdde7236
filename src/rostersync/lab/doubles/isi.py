"""A double of IST's ISI service: takes an order, is not ready at once, and hands out an export, gzipped in base64 in SOAP."""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path
from typing import Final

from lxml import etree

from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.server import Asked, Told

FAULTS: Final = {
    "unregistered": "an order is not registered, and nobody says why",
    "never-ready": "an order is never ready",
    "empty": "a message without content",
    "corrupt": "a message whose gzip is damaged",
    "truncated": "a message with half a document, packed well",
    "invalid": "validation finds something, and does not say what",
    "nobody": "a whole document without persons, as for a school year that is not",
    "yesterday": "an export of long ago, once more",
    "twice": "the same message two times",
    "no-base64": "content that is no base64",
    "unpacked": "a message that is not gzipped",
}
"""Fault -> what it does. All are switched on in `faults`; a wrong password needs none."""

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_TYPES: Final = "http://isi.ist.biz/types"
_NAMES: Final = {"soap": _SOAP, "isi": _TYPES}
_PERSON: Final = re.compile(rb"<person>.*?</person>\n?", re.DOTALL)
_YEAR: Final = re.compile(rb"(<datetime>)\d{4}")


class IsiDouble:
    """The service of one partner. `export` is the document it hands out, `late` how often an order is not ready yet."""

    def __init__(self, export: Path, *, password: str = "isi-password", late: int = 1) -> None:  # noqa: S107 - a double's
        self.faults = Faults()
        self.orders: list[dict[str, str]] = []
        self._export = export
        self._password = password
        self._late = late
        self._questions = 0

    def answer(self, asked: Asked) -> Told:
        """The reply to a push, a pull, or the question for the service's description."""
        if asked.method == "GET":
            return Told(b"<definitions/>", kind="text/xml")
        body = etree.fromstring(asked.body).find("soap:Body", _NAMES)
        operation = None if body is None or not len(body) else body[0]
        system = None if operation is None else operation.find("isi:system", _NAMES)
        if operation is None or system is None:
            return _fault("Cannot find dispatch method")
        if system.get("password") != self._password:
            return _fault(f"Authentication failed for system {system.get('systemId')}")
        return (
            self._pushed(operation) if etree.QName(operation).localname == "isiPartnerPush" else self._pulled(operation)
        )

    def _pushed(self, operation: etree._Element) -> Told:
        order = {
            param.findtext("isi:key", "", _NAMES): param.findtext("isi:value", "", _NAMES)
            for param in operation.iterfind("isi:trigger/isi:param", _NAMES)
        }
        if self.faults.has("invalid") and order.get("validate") == "J":
            return _fault("java.lang.NullPointerException")
        if self.faults.has("unregistered"):
            return _answer("isiPartnerPushResponse", "")
        self.orders.append(order)
        self._questions = 0
        registered = f'<triggerRegistered serviceClass="" messageClass="" triggerId="{len(self.orders)}"/>'
        return _answer("isiPartnerPushResponse", registered)

    def _pulled(self, operation: etree._Element) -> Told:
        self._questions += 1
        trigger = operation.find("isi:responseToTrigger", _NAMES)
        known = trigger is not None and trigger.get("triggerId") == str(len(self.orders))
        if not known or self._questions <= self._late or self.faults.has("never-ready"):
            return _answer(
                "isiPartnerPullResponse", '<statusTrigger serviceClass="" messageClass="" status="RUNNING"/>'
            )
        message = f"<message><source/><dest/><content>{self._content()}</content></message>"
        return _answer("isiPartnerPullResponse", message * (2 if self.faults.has("twice") else 1))

    def _content(self) -> str:
        document = self._export.read_bytes()
        if self.faults.has("nobody"):
            document = _PERSON.sub(b"", document)
        if self.faults.has("yesterday"):
            document = _YEAR.sub(rb"\g<1>2019", document)
        if self.faults.has("truncated"):
            document = document[: len(document) // 2]
        packed = document if self.faults.has("unpacked") else gzip.compress(document, 1)
        if self.faults.has("corrupt"):
            middle = len(packed) // 2
            packed = packed[:middle] + b"damaged" + packed[middle:]
        if self.faults.has("empty"):
            return ""
        return "!" if self.faults.has("no-base64") else base64.encodebytes(packed).decode("ascii")


def _answer(operation: str, inside: str) -> Told:
    return _envelope(f'<{operation} xmlns="{_TYPES}">{inside}</{operation}>')


def _fault(text: str) -> Told:
    return _envelope(
        f"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{text}</faultstring></soap:Fault>", status=500
    )


def _envelope(inside: str, status: int = 200) -> Told:
    text = f'<soap:Envelope xmlns:soap="{_SOAP}"><soap:Body>{inside}</soap:Body></soap:Envelope>'
    return Told(text.encode(), status, "text/xml; charset=utf-8")
