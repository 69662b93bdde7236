"""Reads what IST's ISI service answers, while it comes in: numbers of orders, a fault, messages with their content."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import ParserTarget

_ROOM: Final = 1 << 16
"""Characters of a fault that are looked at."""

_CREDENTIALS: Final = ("password", "passord", "lösenord", "authent", "credential", "login", "unauthor", "access denied")


class NoAnswer(Exception):
    """What came is no answer of this service. The reason names nobody."""


class Answered:
    """One answer. `triggers` are the numbers of registered orders; `contents` the unpacked base64 of each message.

    `fault` tells that the service says no, and `of_credentials` that it does so about ours. In what words is not kept:
    they may hold anything.
    """

    def __init__(self, room: Callable[[], BinaryIO]) -> None:
        self.triggers: list[str] = []
        self.contents: list[BinaryIO] = []
        self.is_whole = self.fault = self.of_credentials = False
        self._room = room
        self._path: list[str] = []
        self._said = ""
        self._rest = ""

    # -- what the parser calls ----------------------------------------------------------------------------------------

    def doctype(self, *_names: object) -> None:
        """No answer has one: it could pull in other files."""
        raise NoAnswer

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        name = etree.QName(tag).localname
        if not self._path and name != "Envelope":
            raise NoAnswer
        self._path.append(name)
        if self._path[2:] == ["isiPartnerPushResponse", "triggerRegistered"]:
            self.triggers.append(attributes.get("triggerId", ""))
        elif self._path[2:] == _MESSAGE:
            self.contents.append(self._room())
            self._rest = ""

    def data(self, text: str) -> None:
        """A piece of text."""
        if self._path[2:] == _CONTENT:
            self._unpack(text)
        elif "Fault" in self._path[2:3] and len(self._said) < _ROOM:
            self._said += text

    def end(self, _tag: str) -> None:
        """An element ends."""
        if self._path[2:] == _CONTENT and self._rest:
            raise NoAnswer
        if self._path[2:] == ["Fault"]:
            self.fault = True
            self.of_credentials = any(word in self._said.lower() for word in _CREDENTIALS)
        self._path.pop()
        self.is_whole = not self._path

    def close(self) -> Answered:
        """The document ends."""
        return self

    def _unpack(self, text: str) -> None:
        packed = self._rest + "".join(text.split())
        whole = len(packed) - len(packed) % 4
        self._rest = packed[whole:]
        try:
            self.contents[-1].write(binascii.a2b_base64(packed[:whole].encode("ascii"), strict_mode=True))
        except ValueError:
            raise NoAnswer from None


_MESSAGE: Final = ["isiPartnerPullResponse", "message"]
_CONTENT: Final = [*_MESSAGE, "content"]


def read(blocks: Iterable[bytes], room: Callable[[], BinaryIO]) -> Answered:
    """Read an answer in flat memory; `room` gives a file for the content of a message.

    Raises:
        NoAnswer: not XML, no envelope, a DOCTYPE, content that is no base64, or cut off.
    """
    answered = Answered(room)
    # huge: content is one text of many megabytes; it passes through, and nothing is built of it
    target = cast("ParserTarget", answered)
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    if _fed(parser, blocks) and answered.is_whole:
        return answered
    raise NoAnswer


def _fed(parser: etree.XMLParser, blocks: Iterable[bytes]) -> bool:
    """Whether the parser took it all. Its own message quotes the document, so it goes no further than this."""
    try:
        for block in blocks:
            parser.feed(block)
        parser.close()
    except (etree.XMLSyntaxError, NoAnswer):
        return False
    return True
