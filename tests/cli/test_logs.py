"""The net under the rule that no log line names anybody."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import structlog

from rostersync.logs import REDACTED, masked, redact, set_up

NUMBER, EMAIL, NAME = "01829012355", "kari@home.example", "Kari"
ID, DIGEST = "f897a7b50638e30d046e165e8986c5c8", "4f1c9a77aa01"


def redacted(**event: Any) -> dict[str, Any]:
    return dict(redact(None, "info", event))


@pytest.mark.parametrize(
    "planted",
    [
        NUMBER,
        "018290 12355",
        "018290-12355",
        f"no.lab.everyday/{NUMBER}",
        f"group_{NUMBER}_8A",
        f"elev{NUMBER}",
        "018290123456",
        f"the person {NUMBER}, {EMAIL}",
        f"<email>{EMAIL}</email>",
        f"mailto:{EMAIL}?subject=x",
    ],
)
def test_a_number_or_an_address_is_masked_wherever_it_stands(planted: str) -> None:
    for told in (
        redacted(event=planted),
        redacted(event="run.failed", reason=planted),
        redacted(event="run.failed", inner={"list": [planted, {"deep": (planted,)}]}),
        redacted(event="run.failed", seen={planted: 1}),
        redacted(event="run.failed", error=ValueError(planted)),
    ):
        text = json.dumps(told)
        assert REDACTED in text
        assert NUMBER not in text
        assert "018290" not in text
        assert "kari" not in text


@pytest.mark.parametrize(
    "key", ["name", "given_name", "email", "national_number", "password", "secret", "key", "mobile"]
)
def test_what_stands_under_a_personal_name_is_never_told(key: str) -> None:
    assert redacted(**{key: NAME}) == {key: REDACTED}
    assert redacted(inner={key: NAME}, more=[{key: NAME}]) == {"inner": {key: REDACTED}, "more": [{key: REDACTED}]}


def test_a_number_as_a_number_is_masked_too() -> None:
    assert redacted(serial=18290123551, count=2_806, share=0.5, none=None, yes=True) == {
        "serial": REDACTED,
        "count": 2_806,
        "share": 0.5,
        "none": None,
        "yes": True,
    }


@pytest.mark.parametrize(
    "text",
    [
        ID,
        DIGEST,
        "a12345678901b2c3d4e5f60718293a4b",
        "2026-10-05T06:30:00+02:00-51918015",
        "974589230",
        "rostersync approve a01829012355 --reason ...",
    ],
)
def test_our_own_ids_digests_runs_and_organisation_numbers_stay(text: str) -> None:
    assert masked(text) == text


def test_events_are_json_lines_with_level_and_time() -> None:
    stream = io.StringIO()
    set_up(stream)
    structlog.get_logger().info("source.snapshot_accepted", source="everyday", note=f"seen {NUMBER}")
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert (event["event"], event["source"], event["level"]) == ("source.snapshot_accepted", "everyday", "info")
    assert event["note"] == f"seen {REDACTED}"
    assert event["timestamp"].endswith("Z")


def test_only_what_is_at_least_as_grave_is_told() -> None:
    stream = io.StringIO()
    set_up(stream, least="warning")
    log = structlog.get_logger()
    log.info("run.started")
    log.warning("source.unavailable")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["source.unavailable"]


def test_a_terminal_gets_text() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    set_up(stream)
    structlog.get_logger().info("run.finished", code=0)
    assert "run.finished" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_fault_is_told_by_kind_and_place_and_never_by_its_words() -> None:
    stream = io.StringIO()
    set_up(stream)
    try:
        raise KeyError(f"{NAME} {NUMBER}")
    except KeyError:
        structlog.get_logger().exception("errand.crashed", sync="oslo")
    event = json.loads(stream.getvalue())
    assert event["exception"].startswith("KeyError < test_logs.py:")
    assert NAME not in stream.getvalue()
    assert NUMBER not in stream.getvalue()


@pytest.mark.parametrize("number", ["41020312345", "01829012355", "41829012355", "01 82 90 12355", "018290 12355"])
def test_d_numbers_and_synthetic_ones_are_masked_too(number: str) -> None:
    assert masked(f"seen {number} today") == f"seen {REDACTED} today"


def test_further_keys_can_be_named_that_are_never_told() -> None:
    stream = io.StringIO()
    set_up(stream, also=("locker", "nickname"))
    structlog.get_logger().info("run.finished", locker="B12", inner={"nickname": NAME}, sync="oslo")
    event = json.loads(stream.getvalue())
    assert (event["locker"], event["inner"], event["sync"]) == (REDACTED, {"nickname": REDACTED}, "oslo")
