"""How long a failing server is tried again: pauses that grow, a server's own wish, and an end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0


class Patience:
    """The patience for one call. `limit` are the seconds after which it is at its end; `now` counts seconds."""

    def __init__(self, limit: float, now: Callable[[], float], wait: Callable[[float], None]) -> None:
        self._now = now
        self._wait = wait
        self._end = now() + limit
        self._pause = _FIRST_PAUSE

    def wait(self, asked: float | None) -> bool:
        """Wait before the next try, as long as the server `asked` for. False, at once, when that would be too long."""
        pause = self._pause if asked is None else max(asked, _FIRST_PAUSE)  # it may have asked for no pause at all
        if self._now() + pause > self._end:
            return False
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._wait(pause)
        return True


def asked_to_wait(headers: Mapping[str, str], clock: datetime | None = None) -> float | None:
    """Seconds that a server asks for in `Retry-After` (RFC 9110, 10.2.3: seconds or a date); None when it does not."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - (clock or datetime.now(UTC))).total_seconds())
