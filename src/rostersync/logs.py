"""structlog set-up, and the redactor that every event passes.

JSON lines on stderr under systemd or in a pipe, coloured text on a terminal. Event names are past tense and dotted
(`source.snapshot_accepted`). No event may carry a name, a national number or a source id; the redactor is the net
under that rule, not the rule.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Collection, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from rostersync.model import PERSON_FIELDS

REDACTED = "[redacted]"
Level = Literal["info", "warning", "error"]

_TALKATIVE = ("paramiko", "urllib3")
"""Libraries that log for themselves, addresses and all. Whatever matters of it comes as an error, told in our words."""

_OWN_ID = r"(?<![0-9A-Za-z])(?=[0-9]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{12})(?![0-9A-Za-z])"
"""One of our ids, or a digest whole or as people type it: its digits are chance and may look like a national number."""

_NUMBER = re.compile(rf"({_OWN_ID})|(?<!\d)(?:\d\d[ .-]?){{3}}\d{{3}}[ .-]?\d{{2,3}}(?!\d)")
_EMAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_PERSONAL_KEYS = frozenset({*PERSON_FIELDS, "name", "phone", "password", "secret", "key", "source_key", "source_id"})


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: personal keys lose their value; number- and e-mail-shaped texts are masked anywhere."""
    return _masked_mapping(event)


def masked(text: str) -> str:
    """Text with everything that looks like a national number or an e-mail address masked; our own ids stay."""
    return _EMAIL.sub(REDACTED, _NUMBER.sub(lambda found: found[1] or REDACTED, text))


def redactor(also: Collection[str]) -> structlog.typing.Processor:
    """`redact` that knows further personal keys."""
    keys = _PERSONAL_KEYS | frozenset(also)
    return lambda _logger, _method, event: _masked_mapping(event, keys)


def bare(error: BaseException) -> str:
    """An error that nobody foresaw: its kind and where it came from. Its words may hold anything, so they are left out."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return " < ".join([type(error).__name__, *reversed(places)])


def without_words(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: what was logged with `exc_info` is told by kind and place, never by its words."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = bare(error)
    return event


def _masked_mapping(values: Mapping[Any, Any], keys: frozenset[str] = _PERSONAL_KEYS) -> dict[Any, Any]:
    return {_masked(name, keys): REDACTED if name in keys else _masked(value, keys) for name, value in values.items()}


def _masked(value: Any, keys: frozenset[str] = _PERSONAL_KEYS) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return _masked_mapping(value, keys)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(inner, keys) for inner in value]
    if isinstance(value, (bool, float, type(None))):
        return value
    if isinstance(value, int):
        return value if masked(str(value)) == str(value) else REDACTED
    return masked(str(value))


def set_up(stream: TextIO | None = None, *, least: Level = "info", also: Collection[str] = ()) -> None:
    """Send every event of at least that level to `stream` (default stderr). `also` are further keys never told."""
    out = stream or sys.stderr
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            redactor(also),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[least.upper()]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
