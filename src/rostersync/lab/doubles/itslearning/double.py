"""The SOAP service in front of a site: it checks account, action and schema, and answers by position."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar
from xml.sax.saxutils import escape

from lxml import etree

from rostersync.lab.doubles.itslearning.page import page
from rostersync.lab.doubles.itslearning.reading import group_of, keys_of, membership_of, pairs_of, person_of, text_of
from rostersync.lab.doubles.itslearning.shapes import HEADER, MESSAGES, REQUESTS, VALUES, Shape, misfit
from rostersync.lab.doubles.itslearning.site import DONE, LARGEST_REQUEST, Reply, Site
from rostersync.lab.doubles.itslearning.telling import group_xml, membership_xml, person_xml
from rostersync.lab.doubles.server import Asked, Told

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_ACTION: Final = "http://www.imsglobal.org/soap/"

FAULTS: Final = {
    "no_portal": "the parent portal is off: guardians are taken, and no link is made",
    "unread": "readAllPersons is off",
}
"""Fault -> what it does, besides those of every server."""

T = TypeVar("T")


class _Faulty(Exception):
    """The whole request is refused; the arguments are a fault's code and words."""


class ItslearningDouble:
    """IMS Enterprise Services before `site`, for one account.

    `delay` is how long each call takes, in seconds; `fails` so many calls fail with HTTP 500; a request that mentions one
    of `poison` always does; `reads` is whether readAllPersons is switched on, and
    `unread` are the operations that are not. Whoever looks at it with a browser is shown
    what the site holds.
    """

    def __init__(self, site: Site, user: str = "rostersync", password: str = "of no use") -> None:  # noqa: S107 - the lab's own, and no secret
        self.site = site
        self.account = (user, password)
        self.delay = 0.0
        self.fails = 0
        self.poison: set[str] = set()
        self.reads = True
        self.unread: set[str] = set()
        self.faults = site.faults

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if asked.method == "GET":
            with self.site.lock:
                return Told(page(self.site).encode(), kind="text/plain; charset=utf-8")
        time.sleep(self.delay)
        try:
            with self.site.lock:
                return self._carried_out(asked)
        except _Faulty as fault:
            code, words = fault.args
            body = f"<s:Fault><faultcode>{code}</faultcode><faultstring>{escape(words)}</faultstring></s:Fault>"
            return Told(_envelope("", body), status=500, kind="text/xml; charset=utf-8")

    def _carried_out(self, asked: Asked) -> Told:
        root = _parsed(asked.body)
        self._authenticate(root)
        if self.fails:
            self.fails -= 1
            raise _Faulty("s:Server", "The service is not available.")
        if any(word.encode() in asked.body for word in self.poison):
            raise _Faulty("s:Server", "Object reference not set to an instance of an object.")
        system, operation, request = _request(root, asked)
        replies, inside = self._operation(system, operation, request)
        name = root.findtext(f"{{{_SOAP}}}Header/{{{HEADER}}}syncRequestHeaderInfo/{{{HEADER}}}messageIdentifier") or ""
        single = operation == "readAllPersons"
        spaces = f'xmlns:m="{MESSAGES[system]}" xmlns:v="{VALUES[system]}"'
        reply = f"<m:{operation}Response {spaces}>{inside}</m:{operation}Response>"
        return Told(_envelope(_header(name, replies, single=single), reply), kind="text/xml; charset=utf-8")

    def _authenticate(self, root: etree._Element) -> None:
        token = root.find(f"{{{_SOAP}}}Header/{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
        if token is None:
            raise _Faulty("wsse:InvalidSecurity", "An error occurred when verifying security for the message.")
        if (token.findtext(f"{{{_WSSE}}}Username"), token.findtext(f"{{{_WSSE}}}Password")) != self.account:
            raise _Faulty("wsse:FailedAuthentication", "At least one security token could not be validated.")

    # -- operations -----------------------------------------------------------------------------------------------------

    def _operation(self, system: str, operation: str, request: etree._Element) -> tuple[list[Reply], str]:
        if operation in self.unread:
            return [Reply("failure", "error", "The operation is not enabled.")] * max(1, len(keys_of(request))), ""
        if operation == "readAllPersons":
            return self._page(request)
        if operation == "readPersons":
            return self._told_persons(keys_of(request))
        if operation == "readGroups":
            return self._told_groups(keys_of(request))
        if operation.startswith("readMemberships"):
            return self._told_memberships(operation, text_of(request[0]))
        return list(self._written(system, operation, request)), ""

    def _written(self, system: str, operation: str, request: etree._Element) -> Iterator[Reply]:
        site = self.site
        if operation.startswith("delete"):
            delete: Callable[[str], Reply] = {
                "pms": site.trash_person,
                "gms": site.delete_group,
                "mms": site.delete_membership,
            }[system]
            yield from map(delete, _few(keys_of(request)))
            return
        for key, content in _few(pairs_of(request)):
            if system == "pms":
                yield site.put_person(key, person_of(content), replaces=operation.startswith("replace"))
            elif system == "gms":
                yield site.put_group(key, group_of(content))
            else:
                yield site.put_membership(key, membership_of(content))

    def _page(self, request: etree._Element) -> tuple[list[Reply], str]:
        if not self.reads or self.faults.has("unread"):
            return [Reply("failure", "error", "readAllPersons is not enabled.")], ""
        index, size = (int(text_of(one)) for one in (request[0], request[1]))
        everybody = sorted(self.site.active().items())
        told = "".join(person_xml(key, one) for key, one in everybody[(index - 1) * size : index * size])
        return [DONE], f"<m:personIdPairSet>{told}</m:personIdPairSet><m:virtualCount>{len(everybody)}</m:virtualCount>"

    def _told_persons(self, keys: list[str]) -> tuple[list[Reply], str]:
        active = self.site.active()
        replies = [
            DONE if key in active else Reply("failure", "error", "The person does not exist.") for key in _few(keys)
        ]
        told = "".join(person_xml(key, active[key]) for key in keys if key in active)
        return replies, f"<m:personIdPairSet>{told}</m:personIdPairSet>"

    def _told_groups(self, keys: list[str]) -> tuple[list[Reply], str]:
        there = {key: one for key, one in self.site.groups.items() if not one.trashed}
        replies = [
            DONE if key in there else Reply("failure", "error", "The group does not exist.") for key in _few(keys)
        ]
        told = "".join(group_xml(key, there[key]) for key in keys if key in there)
        return replies, f"<m:groupIdPairSet>{told}</m:groupIdPairSet>"

    def _told_memberships(self, operation: str, key: str) -> tuple[list[Reply], str]:
        place = 1 if operation.endswith("Person") else 0
        found = [(id_, one) for id_, one in sorted(self.site.memberships.items()) if one[place] == key]
        told = "".join(membership_xml(id_, one) for id_, one in found)
        return [DONE] * len(found), f"<m:membershipIDPairSet>{told}</m:membershipIDPairSet>"


def _parsed(body: bytes) -> etree._Element:
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise _Faulty("s:Client", "The message could not be read.") from None


def _request(root: etree._Element, asked: Asked) -> tuple[str, str, etree._Element]:
    """The system, operation and request element, when the action names it and it looks as it must."""
    action = asked.headers.get("soapaction", "").strip('"')
    system, _, operation = action.removeprefix(_ACTION).partition("/")
    shape = REQUESTS.get((system, operation))
    request = root.find(f"{{{_SOAP}}}Body/*")
    if shape is None or request is None or request.tag != f"{{{MESSAGES[system]}}}{operation}Request":
        raise _Faulty("s:Client.ActionNotSupported", "The message cannot be processed by the receiver.")
    if wrong := misfit(request, Shape(str(request.tag), shape)):
        raise _Faulty("s:Client", f"The formatter threw an exception: {wrong}")
    return system, operation, request


def _few(things: list[T]) -> list[T]:
    if len(things) > LARGEST_REQUEST:
        raise _Faulty("s:Client", f"No more than {LARGEST_REQUEST} objects in one request.")
    return things


def _header(name: str, replies: list[Reply], *, single: bool) -> str:
    statuses = "".join(map(_status, replies))
    told = statuses if single else f"<h:statusInfoSet>{statuses}</h:statusInfoSet>"
    return (
        f'<h:syncResponseHeaderInfo xmlns:h="{HEADER}"><h:messageIdentifier>{escape(name)}</h:messageIdentifier>'
        f"{told}</h:syncResponseHeaderInfo>"
    )


def _status(reply: Reply) -> str:
    words = (
        f"<h:description><h:language>en-US</h:language><h:text>{escape(reply.text)}</h:text></h:description>"
        if reply.text
        else ""
    )
    codes = f"<h:codeMajor>{reply.major}</h:codeMajor><h:severity>{reply.severity}</h:severity>"
    return f"<h:statusInfo>{codes}{words}</h:statusInfo>"


def _envelope(header: str, body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{_SOAP}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()
