"""structlog set-up, and the redactor that every event passes.

JSON lines on stderr under systemd or in a pipe, coloured text on a terminal. Event names are past tense and dotted
(`source.snapshot_accepted`). No event may carry a name, a national number or a source id; the redactor is the net
under that rule, not the rule.
"""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_NUMBER = re.compile(r"(?<!\d)\d{6}[ -]?\d{5,6}(?!\d)")
_EMAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_PERSONAL_KEYS = frozenset(
    {"name", "given_name", "family_name", "email", "national_number", "birth_date", "login", "password", "secret", "key"}
)
REDACTED = "[redacted]"


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: personal keys lose their value, and number- and e-mail-shaped texts are masked anywhere."""
    return {name: REDACTED if name in _PERSONAL_KEYS else _masked(value) for name, value in event.items()}


def masked(text: str) -> str:
    """Text with everything that looks like a national number or an e-mail address masked."""
    return _EMAIL.sub(REDACTED, _NUMBER.sub(REDACTED, text))


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {_masked(name): _masked(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(inner) for inner in value]
    if isinstance(value, (bool, float, type(None))):
        return value
    if isinstance(value, int):
        return REDACTED if _NUMBER.fullmatch(str(value)) else value
    return masked(str(value))


def set_up(stream: TextIO | None = None, *, quiet: bool = False) -> None:
    """Send every event to `stream` (default stderr). `quiet` keeps only warnings and worse."""
    out = stream or sys.stderr
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(30 if quiet else 20),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
