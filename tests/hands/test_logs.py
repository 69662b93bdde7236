"""What may stand in a log line, beyond texts: whatever a programmer hands over is told without naming anybody."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog

from rostersync.logs import REDACTED, Level, masked, redact, set_up
from rostersync.model import PERSON_FIELDS

NUMBER = "01829012355"
EMAIL = "kari@home.example"


def logged(least: Level = "info") -> tuple[io.StringIO, Any]:
    """A stream, and a log that goes there."""
    stream = io.StringIO()
    set_up(stream, least=least)
    return stream, structlog.get_logger()


@pytest.mark.parametrize("field", [*PERSON_FIELDS, "source_key", "source_id", "phone"])
def test_no_field_of_a_person_is_told_under_its_own_name(field: str) -> None:
    assert redact(None, "info", {"event": "x.done", field: "anything"})[field] == REDACTED


@pytest.mark.parametrize(
    "value",
    [
        NUMBER.encode(),
        Path(f"/srv/in/{NUMBER}.xml"),
        {NUMBER},
        frozenset({EMAIL}),
        (EMAIL, NUMBER),
        {"inner": {EMAIL: [NUMBER]}},
        ValueError(f"no such person: {NUMBER}"),
        [[[EMAIL]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_number_or_address_inside_anything_is_masked(value: object) -> None:
    told = json.dumps(dict(redact(None, "info", {"event": "x.done", "value": value})))
    assert REDACTED in told
    assert NUMBER not in told
    assert EMAIL not in told


@pytest.mark.parametrize("value", [date(2026, 10, 5), Path("/srv/pifu/in/export.xml"), 974589230, "2026-10-05", 0, -1])
def test_dates_paths_and_plain_numbers_stay_readable(value: object) -> None:
    assert str(redact(None, "info", {"event": "x.done", "value": value})["value"]) == str(value)


def test_masking_takes_what_is_personal_and_leaves_the_sentence() -> None:
    assert masked(f"the case of {NUMBER} and <{EMAIL}> at 974589230") == (
        f"the case of {REDACTED} and <{REDACTED}> at 974589230"
    )
    assert masked(masked(f"{NUMBER} {EMAIL}")) == masked(f"{NUMBER} {EMAIL}")


@pytest.mark.parametrize(
    ("least", "told"),
    [("info", ["a.done", "b.slowed", "c.failed"]), ("warning", ["b.slowed", "c.failed"]), ("error", ["c.failed"])],
)
def test_only_what_is_grave_enough_is_told(least: Level, told: list[str]) -> None:
    stream, log = logged(least)
    log.debug("z.looked")
    log.info("a.done")
    log.warning("b.slowed")
    log.error("c.failed")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == told


def test_a_line_is_one_json_document_with_norwegian_letters_as_they_are() -> None:
    stream, log = logged()
    log.info("x.done", school="Sør skole", text="two\nlines")
    (line,) = stream.getvalue().splitlines()
    assert "Sør skole" in line
    assert json.loads(line)["text"] == "two\nlines"


def test_what_was_set_up_last_counts() -> None:
    first, _ = logged()
    second, log = logged()
    log.info("x.done")
    assert first.getvalue() == ""
    assert json.loads(second.getvalue())["event"] == "x.done"
