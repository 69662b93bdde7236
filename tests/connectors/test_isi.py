"""An export ordered from IST's web service: what is sent, how long it is waited for, and every way in which it may fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Self

import pytest
from lxml import etree

from rostersync import connectors
from rostersync.connectors.isi import IsiConnector, Settings
from rostersync.credentials import Secret
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.lab.doubles.isi import IsiDouble
from rostersync.lab.doubles.server import Asked, Server, Told
from tests.transport.calling import Jumping

from .contract import NOW, ConnectorContract, Source
from .documents import SECRETS, WHOLE, document, person, properties

PASSWORD = "isi-password"
TYPES = "{http://isi.ist.biz/types}"
ORDER = ("datasource=lunde.example", "schoolyear={from}/{to}", "validate=N")


class IsiSource(Source):
    """The double of the service, with one export behind it."""

    secrets = (*SECRETS, PASSWORD)

    def __init__(self, folder: Path, **settings: object) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.secret = folder / "password"
        self.secret.write_text(PASSWORD)
        self.secret.chmod(0o600)
        self.export = folder / "export.xml"
        self.double = IsiDouble(self.export, password=PASSWORD)
        self.server = Server(self.double)
        self.clock = Jumping()
        values: dict[str, object] = {
            "endpoint": f"{self.server.url}/isi/ws/ISIPartnerEndpoint",
            "partner": "rostersync",
            "customer": "lunde",
            "password": Secret("file", str(self.secret), "rostersync.toml:7"),
            "params": ORDER,
            "guardians": True,
            "spool": self.spool,
            "patience": None,
            **settings,
        }
        made = Settings(**values)  # type: ignore[arg-type]
        self.connector: IsiConnector = IsiConnector("everyday", made, wait=self.clock.wait, now=self.clock.now)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(None, None, None)

    def offer(self, *elements: str) -> None:
        self.export.write_bytes(document(*elements, head=properties(made=NOW.isoformat(timespec="seconds"))))

    def offer_all(self) -> None:
        self.offer(*WHOLE)

    def offer_more(self) -> None:
        self.offer(*WHOLE, person("elev-2"))

    def offer_half(self) -> None:
        self.offer_all()
        self.double.faults.switch("truncated")

    def offer_nothing(self) -> None:
        self.server.faults.switch("503")

    def copies(self) -> int:
        return len(list(self.spool.iterdir()))

    def pulls(self) -> int:
        return sum(b"isiPartnerPull" in one.body for one in self.server.asked)

    def trouble(self, fault: str = "") -> str:
        """What is told when this goes wrong; nothing is left behind, and no text of the service or the roster is shown."""
        self.offer_all()
        if fault:
            self.double.faults.switch(fault)
        with pytest.raises(SourceUnavailable) as caught:
            self.connector.fetch(NOW)
        told = f"{caught.value!r} {caught.value.__cause__!r}"
        assert not [word for word in (*self.secrets, "Authentication", "NullPointer", "RUNNING") if word in told]
        assert self.copies() == 0
        return str(caught.value)


@pytest.fixture
def isi(tmp_path: Path) -> Iterator[IsiSource]:
    with IsiSource(tmp_path) as made:
        yield made


class TestIsi(ConnectorContract):
    @pytest.fixture
    def source(self, isi: IsiSource) -> Source:
        return isi


def test_the_type_isi_is_found_by_its_folder() -> None:
    assert "isi" in connectors.types()
    assert connectors.settings_type("isi") is Settings


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_an_order_says_who_asks_whom_for_what(isi: IsiSource) -> None:
    isi.offer_all()
    isi.connector.discard(isi.connector.fetch(NOW))
    push, *pulls = isi.server.asked
    assert (push.headers["soapaction"], push.headers["content-type"]) == ('""', "text/xml; charset=utf-8")
    asked = etree.fromstring(push.body)[0][0]
    assert [etree.QName(one).localname for one in asked] == ["version", "system", "trigger"]
    assert dict(asked[1].attrib) == {"systemId": "rostersync", "password": PASSWORD}
    trigger = asked[2]
    assert dict(trigger.attrib) == {"serviceClass": "pifuService", "messageClass": "pifuData"}
    assert [one.get("systemId") for one in trigger[:2]] == ["rostersync", "lunde"]
    question = etree.fromstring(pulls[0].body)[0][0]
    names = ["version", "system", "fetchSize", "timeout", "responseToTrigger", "statusTrigger"]
    assert [etree.QName(one).localname for one in question] == names
    assert {one.get("triggerId") for one in question[4:]} == {"1"}


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        ("2026-07-31T21:59:00+00:00", "2025/2026"),
        ("2026-07-31T22:01:00+00:00", "2026/2027"),
        ("2027-01-01T12:00:00+00:00", "2026/2027"),
    ],
)
def test_the_school_year_turns_by_itself_on_the_first_of_august(isi: IsiSource, moment: str, year: str) -> None:
    now = datetime.fromisoformat(moment)
    isi.export.write_bytes(document(*WHOLE, head=properties(made=moment)))
    isi.connector.discard(isi.connector.fetch(now))
    assert isi.double.orders == [{"datasource": "lunde.example", "schoolyear": year, "validate": "N"}]


def test_an_export_is_asked_for_until_it_is_ready(isi: IsiSource) -> None:
    isi.offer_all()
    isi.connector.discard(isi.connector.fetch(NOW))
    assert (isi.pulls(), isi.clock.waits) == (2, [10.0])


def test_what_is_not_packed_is_read_too(isi: IsiSource) -> None:
    isi.double.faults.switch("unpacked")
    isi.offer_all()
    assert len(isi.fragments()) == len(WHOLE)


# -- every way in which it may fail -----------------------------------------------------------------------------------


def test_an_order_that_is_not_registered_is_told_and_not_repeated(isi: IsiSource) -> None:
    assert "the order: it was not registered; check partner, customer" in isi.trouble("unregistered")
    assert len(isi.server.asked) == 1


def test_an_order_that_is_never_ready_is_given_up(isi: IsiSource) -> None:
    told = isi.trouble("never-ready")
    assert "order 1 was not ready within 30 minutes (181 questions); run again later, or raise ready_within" in told
    assert isi.clock.seconds == 1800


def test_an_empty_message_is_told_as_such(isi: IsiSource) -> None:
    assert "the message that came is empty" in isi.trouble("empty")


@pytest.mark.parametrize("fault", ["corrupt", "no-base64"])
def test_a_damaged_message_is_told_as_such(isi: IsiSource, fault: str) -> None:
    told = isi.trouble(fault)
    assert "the message that came is damaged" in told or "what came is no answer of this service" in told


def test_half_a_document_packed_well_is_refused_by_the_reader(isi: IsiSource) -> None:
    isi.offer_half()
    refused = isi.refusal()
    assert isinstance(refused, SnapshotRefused)
    assert not refused.releasable
    assert isi.copies() == 0


def test_a_wrong_password_is_sent_once(isi: IsiSource) -> None:
    isi.secret.write_text("galt-passord")
    told = isi.trouble()
    assert "our password is not accepted; it is not tried again by itself" in told
    assert "galt" not in told
    assert (len(isi.server.asked), isi.clock.waits) == (1, [])


def test_a_fault_that_says_nothing_points_to_validation_when_that_was_ordered(tmp_path: Path) -> None:
    with IsiSource(tmp_path, params=("validate=J",)) as validating:
        assert "it refuses, and does not say why. With validate=J" in validating.trouble("invalid")
    assert len(validating.server.asked) == 1


def test_a_document_without_persons_is_whole_and_left_to_gate_1(isi: IsiSource) -> None:
    isi.offer_all()
    isi.double.faults.switch("nobody")
    assert {fragment.kind for fragment in isi.fragments()} == {"group", "membership"}


def test_yesterdays_export_once_more_is_stale(isi: IsiSource) -> None:
    isi.offer_all()
    isi.double.faults.switch("yesterday")
    with pytest.raises(SnapshotRefused, match=r"more than max_age \(12\.0 hours\)") as caught:
        isi.connector.fetch(NOW)
    assert (caught.value.reason, caught.value.releasable) == ("stale", True)
    assert isi.copies() == 0


def test_the_same_message_twice_is_one_export_where_it_is_the_same(isi: IsiSource) -> None:
    isi.offer_all()
    isi.double.faults.switch("twice")
    assert len(isi.fragments()) == len(WHOLE)


# -- a server that fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("html", "what came is no answer of this service, or not all of it; check endpoint"),
        ("401", "it does not accept our credentials"),
        ("404", "it knows nothing of that name"),
        ("500", "it fails (500) and does not say why"),
        ("503", "it fails (503)"),
        ("cut", "the answer broke off"),
    ],
)
def test_a_server_that_fails_ends_it_with_a_reason(isi: IsiSource, fault: str, sentence: str) -> None:
    isi.server.faults.switch(fault)
    assert sentence in isi.trouble()
    assert isi.double.orders == [] or fault in ("cut", "html")


def test_a_failure_while_waiting_is_waited_through(tmp_path: Path) -> None:
    class Stumbling:
        def answer(self, asked: Asked) -> Told:
            times = len(server.asked)
            return Told(b"oops", status=500, kind="text/plain") if times == 2 else stumbling.double.answer(asked)

    with Server(Stumbling()) as server, IsiSource(tmp_path, endpoint=server.url) as stumbling:
        stumbling.offer_all()
        stumbling.connector.discard(stumbling.connector.fetch(NOW))
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "answer",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'/>",
        b"<Envelope><Body>",
        b"<html/>",
        b"",
        b"\xff\xfe",
    ],
)
def test_what_is_no_answer_is_never_taken_for_one(tmp_path: Path, answer: bytes) -> None:
    class Odd:
        def answer(self, asked: Asked) -> Told:
            return Told(answer, kind="text/xml")

    with Server(Odd()) as server, IsiSource(tmp_path, endpoint=server.url) as odd:
        assert "what came is no answer of this service" in odd.trouble()


def test_check_orders_nothing(isi: IsiSource) -> None:
    isi.offer_all()
    assert isi.connector.check() == []
    assert [(one.method, one.body) for one in isi.server.asked] == [("GET", b"")]


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"params": ("schoolyear",)}, 'source.everyday: params: each is "KEY=VALUE"'),
        ({"endpoint": "http://isi.example/ws"}, "is not encrypted"),
        ({"zone": "Oslo"}, "is no time zone"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_ordered(more: dict[str, object], sentence: str) -> None:
    values = {"partner": "rostersync", "customer": "lunde", "password": Secret("env", "X", ""), **more}
    with pytest.raises(UserMistake, match=sentence):
        connectors.make("isi", "everyday", Settings(**values))  # type: ignore[arg-type]


# -- large ------------------------------------------------------------------------------------------------------------

_PROGRAM = """
import sys, tempfile
from rostersync.connectors.isi.answers import read
from tests.memory import peak_kilobytes
HEAD = b'<s:Envelope xmlns:s="s"><s:Body><isiPartnerPullResponse><message><content>'
TAIL = b'</content></message></isiPartnerPullResponse></s:Body></s:Envelope>'
megabytes = int(sys.argv[1])
def blocks():
    yield HEAD
    for _ in range(megabytes * 16):
        yield b"QUJD" * (1 << 14)
    yield TAIL
answered = read(blocks(), tempfile.TemporaryFile)
(content,) = answered.contents
print(content.tell(), peak_kilobytes() // 1024)
content.close()
"""


def megabytes(size: int) -> int:
    """The peak memory of reading an answer of that size."""
    told = subprocess.run([sys.executable, "-c", _PROGRAM, str(size)], capture_output=True, check=True, text=True)
    came, peak = map(int, told.stdout.split())
    assert came == size * (1 << 20) * 3 // 4
    return peak


def test_a_large_answer_takes_no_more_memory_than_a_small_one() -> None:
    assert megabytes(40) - megabytes(1) < 4
