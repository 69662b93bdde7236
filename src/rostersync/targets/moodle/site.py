"""One Moodle site spoken to over REST: a function at a time, in batches, and what it refuses found by halving.

Most functions are all or nothing, and say no more than that something was wrong; a call that is refused is halved until
what is refused stands alone. What Moodle says in words may quote what was sent, so nothing but its error code is kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlencode

from rostersync.errors import TargetFaltering, TargetUnavailable
from rostersync.targets.moodle.form import Fields, Value, fields, parted
from rostersync.targets.moodle.settings import Settings
from rostersync.transport.calls import Call
from rostersync.transport.http import Http

ENDPOINT: Final = "webservice/rest/server.php"

_CLOSED: Final = {
    "invalidtoken": "it does not know the token, or no longer; make another and store it where the setting token says",
    "accessexception": "the token may not call it: its service lacks the function, has ended, or is not for this address; "
    "rostersync check --online lists what is missing",
    "servicenotavailable": "its service is switched off; ask who runs the site",
    "servicerequireslogin": "the token is not one of a web service; make one under Manage tokens",
    "passwordisexpired": "the password of the token's account has expired; set another",
    "sitemaintenance": "the site is being maintained; run again when it is open",
    "upgraderunning": "the site is being upgraded; run again when it is open",
}
"""Error codes that are about us or the whole site -> what to do. Nothing else can be delivered then."""

NOT_SENT: Final = "Message was not sent."
"""The one error code of Moodle's that is a sentence: its greeting of somebody newly enrolled could not be mailed."""

_CODE: Final = re.compile(rf"[A-Za-z0-9_/]{{1,60}}|{re.escape(NOT_SENT)}")

T = TypeVar("T")


class Refused(Exception):
    """Moodle does not do it. `code` is its error code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Done(NamedTuple):
    """What became of one row: refused with a code, or done. `row` is what Moodle answered about it, if anything."""

    code: str = ""
    row: Any = None


class Site:
    """One site. Thread-safe. `paced`: who asks makes calls again by himself, and is told soon.

    Raises (every method):
        TargetUnavailable: it cannot be reached, does not take our token, or what answers is no Moodle.
        TargetFaltering: it fails, and may not in a while, or an answer was lost, and nobody knows what came of the call;
            or it asks for fewer calls. Only where it is paced.
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
        self._settings = settings
        self._name = name
        line = settings.line().hurried() if paced else settings.line()
        faltering = TargetFaltering if paced else None
        self._http = Http(name, settings.url, line, TargetUnavailable, faltering=faltering, wait=wait, now=now)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def ask(self, function: str, *given: tuple[str, Value], repeatable: bool = True) -> Any:
        """Call a function once, and give its answer, decoded.

        Raises:
            Refused: Moodle said no, for a reason that is about what was sent.
        """
        form: Fields = [
            ("wstoken", self._settings.token.read()),  # the three first: whatever PHP cuts, it is not these
            ("wsfunction", function),
            ("moodlewsrestformat", "json"),
            *(pair for name, value in given for pair in fields(name, value)),
        ]
        call = Call(
            what=function,
            path=ENDPOINT,
            method="POST",
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=urlencode(form).encode(),
            repeatable=repeatable,
        )
        answer = self._http.json(call)
        if isinstance(answer, dict) and "exception" in answer:
            raise self._refusal(call, str(answer.get("errorcode", "")))
        return answer

    def _refusal(self, call: Call, code: str) -> Exception:
        if code in _CLOSED or code.startswith("wsaccessuser"):
            text = _CLOSED.get(code, "the token's account is suspended or closed; ask who runs the site")
            return self._http.trouble(call, text)
        return Refused(code if _CODE.fullmatch(code) else "no code")

    def each(
        self, function: str, name: str, rows: Sequence[tuple[T, Value]], *, repeatable: bool = True, fine: str = ""
    ) -> Iterator[tuple[T, Done]]:
        """Call a function for many rows. Gives what became of each, in their order.

        `name` is the parameter that takes the rows; `fine` a warning that means it was so already.
        """
        for part in parted(rows, self._settings.batch, self._settings.max_input_vars):
            yield from self._halving(function, name, part, repeatable, fine)

    def lookup(self, function: str, name: str, values: Sequence[str], *given: tuple[str, Value]) -> Iterator[Any]:
        """Call a function that looks up many values, and give whatever it finds."""
        for part in parted([(None, one) for one in values], self._settings.batch, self._settings.max_input_vars):
            yield from self.ask(function, *given, (name, [value for _, value in part]))

    def _halving(
        self, function: str, name: str, rows: Sequence[tuple[T, Value]], repeatable: bool, fine: str
    ) -> Iterator[tuple[T, Done]]:
        try:
            answer = self.ask(function, (name, [row for _, row in rows]), repeatable=repeatable)
            codes = _complaints(answer, fine)
        except Refused as refused:
            answer, codes = None, {None: refused.code}
        if None in codes and len(rows) > 1:
            # Nobody knows which row it is about. What was done, if anything, is done again without harm.
            middle = len(rows) // 2
            yield from self._halving(function, name, rows[:middle], repeatable, fine)
            yield from self._halving(function, name, rows[middle:], repeatable, fine)
            return
        told = self._counted(function, answer, len(rows)) if isinstance(answer, list) else [None] * len(rows)
        for (thing, row), about in zip(rows, told, strict=True):
            own = row.get("id") if isinstance(row, dict) else None
            yield thing, Done(codes.get(None) or codes.get(own, ""), about)

    def _counted(self, function: str, answer: list[Any], sent: int) -> list[Any]:
        if len(answer) == sent:
            return answer
        raise TargetUnavailable(
            f"{self._name}: {function}: it took {len(answer)} of {sent} rows, so its PHP cuts calls short; set "
            "max_input_vars to what the site's PHP has"
        )


def _complaints(answer: Any, fine: str) -> dict[Any, str]:
    """Id of the row -> code of the warning about it; None where it does not say which row."""
    warnings = answer.get("warnings", ()) if isinstance(answer, dict) else ()
    codes = {}
    for warning in warnings:
        code = str(warning.get("warningcode", ""))
        if code != fine:
            codes[warning.get("itemid")] = code if _CODE.fullmatch(code) else "a warning"
    return codes
