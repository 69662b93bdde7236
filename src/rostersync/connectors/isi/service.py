"""IST's ISI service as a place that files are fetched from: order an export, ask until it is ready, unpack it."""

from __future__ import annotations

import gzip
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO, Final, cast
from urllib.parse import urlsplit

from rostersync.connectors.isi import envelopes
from rostersync.connectors.isi.answers import Answered, NoAnswer, read
from rostersync.connectors.isi.envelopes import Partner
from rostersync.connectors.isi.settings import Settings
from rostersync.errors import SourceUnavailable
from rostersync.transport.calls import Call
from rostersync.transport.files.places import BLOCK, Offered, unreadable
from rostersync.transport.http import Http

_FAILING: Final = 500
_NUMBER: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_HEADERS: Final = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))
_PACKED: Final = b"\x1f\x8b"
_DAMAGED: Final = "the message that came is damaged; run again, and a new one is made"


class Isi:
    """One order. It ends by `close`."""

    def __init__(
        self,
        settings: Settings,
        order: Sequence[tuple[str, str]],
        wait: Callable[[float], None],
        now: Callable[[], float],
    ) -> None:
        """Prepare the line; nothing is sent yet.

        Raises:
            UserMistake: the password cannot be read.
        """
        self._settings = settings
        self._order = order
        self._wait = wait
        self._now = now
        self._partner = Partner(
            settings.partner, settings.password.read(), settings.customer, settings.service, settings.message
        )
        parts = urlsplit(settings.endpoint)
        self._label = f"{parts.scheme}://{parts.netloc}"
        self._http = Http(self._label, settings.endpoint, settings.line(), SourceUnavailable, wait=wait, now=now)
        self._open = ExitStack()
        self._contents: list[BinaryIO] = []

    def close(self) -> None:
        """End the connection, and forget what came."""
        self._open.close()
        self._http.close()

    def offered(self) -> list[Offered]:
        """The messages that answer our order, once there are any.

        Raises:
            SourceUnavailable: the order is refused, or not ready in time.
        """
        self._contents = self._ready(self._registered()).contents
        return [Offered(str(place), self._label, None, served=True) for place in range(len(self._contents))]

    def blocks(self, one: Offered, most: int | None = None) -> Iterator[bytes]:
        """The document in a message.

        Raises:
            SourceUnavailable: the message is empty or damaged.
        """
        content = self._contents[int(one.name)]
        content.seek(0)
        first = content.read(len(_PACKED))
        content.seek(0)
        if not first:
            raise SourceUnavailable(f"{self._label}: the message that came is empty; run again, or ask IST why")
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=content)) if first == _PACKED else content
        try:
            while block := stream.read(BLOCK if most is None else most):
                yield block
                if most is not None:
                    return
        except (OSError, EOFError, zlib.error):
            raise SourceUnavailable(f"{self._label}: {_DAMAGED}") from None

    def delete(self, one: Offered, copy: Path) -> None:
        """Nothing: a message is ours alone."""

    def describe(self) -> str:
        """Why the service cannot be reached, in a sentence; empty when it can. Nothing is ordered."""
        try:
            self._http.read(Call(what="its description", path=f"{self._settings.endpoint}?wsdl"))
        except SourceUnavailable as error:
            return str(error)
        return ""

    # -- within -------------------------------------------------------------------------------------------------------

    def _registered(self) -> str:
        """The number under which our order is registered."""
        call = self._call("the order", envelopes.push(self._partner, self._order), repeatable=False)
        answered = self._answered(call)
        if answered is None:
            raise self._http.trouble(call, "it fails (500) and does not say why; run again later")
        number = next(iter(answered.triggers), "")
        if not _NUMBER.fullmatch(number):
            raise self._http.trouble(
                call,
                "it was not registered; check partner, customer, service and message, and that the agreement with IST covers "
                "them",
            )
        return number

    def _ready(self, number: str) -> Answered:
        """The answer that holds our messages."""
        span, pause = self._settings.ready_within or timedelta(), self._settings.poll or timedelta(seconds=1)
        call = self._call("the export", envelopes.pull(self._partner, number), repeatable=True)
        end, asked = self._now() + span.total_seconds(), 0
        while True:
            answered = self._answered(call)
            asked += 1
            if answered is not None and answered.contents:
                return answered
            if self._now() + pause.total_seconds() > end:
                raise self._http.trouble(
                    call,
                    f"order {number} was not ready within {_told(span)} ({asked} questions); run again later, or raise "
                    "ready_within",
                )
            self._wait(pause.total_seconds())

    def _answered(self, call: Call) -> Answered | None:
        """What the service answers; None when it fails without saying why, which the next minute may mend."""
        with self._http.open(call) as answer:
            try:
                answered = read(answer.blocks, self._room)
            except NoAnswer:
                if answer.status == _FAILING:
                    return None
                raise self._http.trouble(
                    call,
                    "what came is no answer of this service, or not all of it; check endpoint, and whether a proxy or a "
                    "login page answers in its place",
                ) from None
            except OSError as error:
                raise SourceUnavailable(unreadable(error)) from None
        if answered.fault:
            raise self._http.trouble(call, self._refusal(answered))
        return answered

    def _refusal(self, answered: Answered) -> str:
        if answered.of_credentials:
            return "our password is not accepted; it is not tried again by itself"
        if ("validate", "J") in self._order:
            return (
                "it refuses, and does not say why. With validate=J it does so when a single record displeases it: order with "
                "validate=N, and have IST find the record"
            )
        return "it refuses, and does not say why; check partner, password, customer and params, or ask IST"

    def _call(self, what: str, body: bytes, *, repeatable: bool) -> Call:
        return Call(
            what=what,
            path=self._settings.endpoint,
            method="POST",
            headers=_HEADERS,
            body=body,
            expected=(200, _FAILING),
            repeatable=repeatable,
        )

    def _room(self) -> BinaryIO:
        """A file that nobody else can see, and that is gone when it is closed."""
        made = tempfile.TemporaryFile(dir=self._settings.spool)  # noqa: SIM115 - closed with the stack
        return cast("BinaryIO", self._open.enter_context(made))


def _told(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes} minutes" if minutes and not seconds else f"{span.total_seconds():g} seconds"
