"""Trouble on the line to every source: the run ends with a reason, takes nothing from anybody, and the next one catches up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rostersync.lab.doubles.certificates import Authority
from rostersync.lab.doubles.faults import SERVER_FAULTS
from rostersync.lab.doubles.server import Server
from rostersync.report import RunReport
from tests.scenarios.lines import MAKES, PASSWORD, Line, line
from tests.scenarios.town import AUTUMN

DAY = timedelta(days=1)
KINDS = pytest.mark.parametrize("kind", MAKES)


def ends_with_a_reason(there: Line, report: RunReport, before: object) -> str:
    """The line's source was refused in words that show no secret, and nothing of what the LMS holds has changed."""
    (bad,) = [one for one in report.sources if one.name == "line"]
    assert not bad.accepted
    assert len(bad.refused.split()) > 5
    assert not [one for one in (PASSWORD, "Moe", "Lund", "Nyinnflyttet") if one in bad.refused]
    assert report.code == (4 if len(report.sources) > 1 else 1)
    assert report.changes == {}
    assert there.town.known() == before
    return bad.refused


def catches_up(there: Line, server: Server, report: RunReport) -> None:
    assert report.code == 0
    assert sum(count for counts in report.changes.values() for count in counts.values()) > 0
    assert not {"depart", "suspend", "end"} & {action for counts in report.changes.values() for action in counts}


@KINDS
@pytest.mark.parametrize(
    ("wrong", "said"),
    [("ended", "has expired"), ("another authority", "certificate"), ("another name", "certificate")],
)
def test_a_certificate_that_cannot_be_believed_ends_it(kind: str, wrong: str, said: str, tmp_path: Path) -> None:
    there = line(kind, tmp_path)
    with there.server():
        assert there.run(AUTUMN).code == 0
    before = there.town.known()
    there.change()
    stranger = Authority(tmp_path, datetime.now(UTC), "a stranger")
    bad = {
        "ended": lambda: there.server(ended=True),
        "another authority": lambda: there.server(stranger),
        "another name": lambda: there.server(None, "elsewhere.example"),
    }[wrong]()
    with bad:
        assert said in ends_with_a_reason(there, there.run(AUTUMN + DAY), before)
        assert bad.asked == [], "nothing was told to whoever that is"
    with there.server() as good:
        catches_up(there, good, there.run(AUTUMN + 2 * DAY))


@KINDS
def test_a_wrong_password_is_tried_once_and_no_more(kind: str, tmp_path: Path) -> None:
    there = line(kind, tmp_path)
    right = there.proof.read_text()
    with there.server() as server:
        assert there.run(AUTUMN).code == 0
        before = there.town.known()
        there.change()
        there.proof.write_text(right.replace("password of the lab", "wrong").replace(PASSWORD, "wrong"))
        tried = len(server.asked)
        ends_with_a_reason(there, there.run(AUTUMN + DAY), before)
        assert len(server.asked) == tried + 1, "there may be a lock behind it"
        there.proof.write_text(right)
        catches_up(there, server, there.run(AUTUMN + 2 * DAY))


@pytest.mark.parametrize("fault", sorted(SERVER_FAULTS.keys() - {"slow"}))
def test_a_web_server_in_trouble_takes_nothing_from_anybody(fault: str, tmp_path: Path) -> None:
    """A file by HTTPS; the services have stories of their own: test_isi, test_fint, test_oneroster, test_sits ..."""
    there = line("pifu", tmp_path)
    with there.server() as server:
        assert there.run(AUTUMN).code == 0
        before = there.town.known()
        there.change()
        server.faults.switch(fault)
        ends_with_a_reason(there, there.run(AUTUMN + DAY), before)
        server.faults.clear()
        catches_up(there, server, there.run(AUTUMN + 2 * DAY))


@KINDS
def test_a_source_that_hangs_is_left_in_time(kind: str, tmp_path: Path) -> None:
    there = line(kind, tmp_path)
    with there.server() as server:
        assert there.run(AUTUMN).code == 0
        before = there.town.known()
        there.change()
        server.faults.switch("hang")
        began = datetime.now(UTC)
        ends_with_a_reason(there, there.run(AUTUMN + DAY), before)
        assert datetime.now(UTC) - began < timedelta(seconds=20), "a time-out of one second, once or twice, and a run"
        server.faults.clear()
        catches_up(there, server, there.run(AUTUMN + 2 * DAY))


@KINDS
def test_a_slow_source_is_waited_for(kind: str, tmp_path: Path) -> None:
    there = line(kind, tmp_path)
    text = there.town.config.read_text()
    there.town.config.write_text(text.replace('timeout = "1s"', 'timeout = "9s"'))
    with there.server() as server:
        server.faults.switch("slow", times=1)
        assert there.run(AUTUMN).code == 0
        assert there.town.known()
