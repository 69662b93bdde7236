"""One itslearning site spoken to: requests in batches, answers by position, and what is tried again.

A request whose whole batch is refused is halved until what is refused stands alone: one odd value must not keep nine
others out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from rostersync.errors import TargetFaltering, TargetUnavailable
from rostersync.targets.itslearning.answers import Answer, Fault, NoAnswer, Status, read
from rostersync.targets.itslearning.envelope import Envelopes
from rostersync.targets.itslearning.settings import SERVICES, Settings
from rostersync.targets.itslearning.words import Service, action
from rostersync.transport.calls import Call
from rostersync.transport.http import Http
from rostersync.transport.patience import Patience

_LARGEST: Final = 32 << 20
_EXPECTED: Final = (200, 500)
"""SOAP 1.1 sends a fault with 500 (section 6.2), and what it says decides."""

T = TypeVar("T")
Body = Callable[[Sequence[T]], str]
"""Makes the inside of a request about several things."""


class Site:
    """The four services of one site. Thread-safe. `paced`: who asks makes calls again by himself, and is told soon.

    Raises (every method):
        TargetUnavailable: it cannot be reached, does not take our credentials, or what answers is no such service.
        TargetFaltering: it fails, and may not in a while; or it asks for fewer calls. Only where it is paced.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        paced: bool = False,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._clock = (now, wait)
        self._line = settings.line().hurried() if paced else settings.line()
        faltering = TargetFaltering if paced else None
        self._lock = threading.Lock()
        self._envelopes: Envelopes | None = None
        addresses = {settings.address(service) for service in SERVICES}
        self._lines = {
            url: Http(name, url, self._line, TargetUnavailable, faltering=faltering, wait=wait, now=now)
            for url in addresses
        }

    def close(self) -> None:
        """Close every connection."""
        for line in self._lines.values():
            line.close()

    def carry_out(self, service: Service, operation: str, things: Sequence[T], body: Body[T]) -> list[Status]:
        """Ask for an operation on many things, `batch` at a time. Gives what became of each, by position."""
        told: list[Status] = []
        size = self._settings.batch
        for start in range(0, len(things), size):
            some = things[start : start + size]
            of_these = list(self._halving(service, operation, some, body))
            if len(some) > 1 and all(one.major == "fault" for one in of_these):
                # what fails for everybody alone is no one thing's fault
                raise TargetFaltering(self._sentence(operation, f"it fails ({of_these[0].text or 'SOAP fault'})"))
            told += of_these
        return told

    def ask(self, service: Service, operation: str, inside: str) -> Answer:
        """Ask something that changes nothing."""
        answer = self._answer(service, operation, inside)
        if isinstance(answer, Fault):
            raise TargetUnavailable(self._sentence(operation, f"it refuses ({answer.code}); check the address"))
        return answer

    def refused(self, operation: str) -> TargetUnavailable:
        """The error of a site that answers and does not do it."""
        advice = "see that the integration's settings in the site switch it on"
        return TargetUnavailable(self._sentence(operation, f"the site refuses it; {advice}"))

    # -- one batch ----------------------------------------------------------------------------------------------------

    def _halving(self, service: Service, operation: str, things: Sequence[T], body: Body[T]) -> Iterator[Status]:
        answer = self._answer(service, operation, body(things))
        if isinstance(answer, Answer) and len(answer.statuses) == len(things):
            yield from answer.statuses
        elif len(things) == 1:
            if isinstance(answer, Fault) and not answer.ours:
                answer = self._answer(service, operation, body(things))  # once more: it may have been the moment's
            yield _alone(answer)
        else:
            # A fault, or one status for them all: nobody knows which of them it is about.
            middle = len(things) // 2
            yield from self._halving(service, operation, things[:middle], body)
            yield from self._halving(service, operation, things[middle:], body)

    def _answer(self, service: Service, operation: str, inside: str) -> Answer | Fault:
        message = self._ready().message(service, operation, inside)
        url = self._settings.address(service)
        # Ten statuses are shorter than what it takes to pack and unpack them.
        headers = (
            ("Content-Type", "text/xml; charset=utf-8"),
            ("SOAPAction", f'"{action(service, operation)}"'),
            ("Accept-Encoding", "gzip" if operation.startswith("read") else "identity"),
        )
        call = Call(what=operation, path=url, method="POST", headers=headers, body=message.body, expected=_EXPECTED)
        now, wait = self._clock
        patience = Patience(self._line.patience.total_seconds(), now, wait)
        while True:
            status, answer = self._exchanged(call)
            if isinstance(answer, NoAnswer):
                if status == 500 and patience.wait(None):
                    continue
                raise self._no_answer(operation, status, answer)
            if isinstance(answer, Fault) and answer.credentials:
                raise TargetUnavailable(
                    self._sentence(
                        operation, "it does not accept our credentials; they are not tried again by themselves"
                    )
                )
            if isinstance(answer, Answer) and answer.name not in ("", message.name):
                raise TargetUnavailable(
                    self._sentence(operation, "it answers another request; see what stands between")
                )
            return answer

    def _exchanged(self, call: Call) -> tuple[int, Answer | Fault | NoAnswer]:
        answer, body = self._lines[call.path].read(call, _LARGEST)
        try:
            return answer.status, read(body)
        except NoAnswer as error:
            return answer.status, error

    def _no_answer(self, operation: str, status: int, error: NoAnswer) -> TargetUnavailable:
        if status == 500:
            return TargetFaltering(self._sentence(operation, "it fails (500); tried until patience was at its end"))
        advice = "check the address, and whether a proxy or a login page answers in its place"
        return TargetUnavailable(self._sentence(operation, f"what answers is not the LMS: {error}; {advice}"))

    def _ready(self) -> Envelopes:
        with self._lock:
            if self._envelopes is None:
                self._envelopes = Envelopes(self._settings.user, self._settings.password.read())
            return self._envelopes

    def _sentence(self, operation: str, text: str) -> str:
        return f"{self._name}: {operation}: {text}"


def _alone(answer: Answer | Fault) -> Status:
    """What became of a thing that was asked for alone."""
    if isinstance(answer, Fault):
        # Whatever a fault tells of a value, it could tell of a person.
        return Status("fault", "error", text="it cannot take what was sent" if answer.ours else "an error of its own")
    if len(answer.statuses) == 1:
        return answer.statuses[0]
    return Status("fault", "error", text=f"{len(answer.statuses)} statuses for one thing")
