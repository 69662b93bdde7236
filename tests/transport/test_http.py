"""One call over HTTP: what is tried again, how often and when, and what is told when it comes to nothing."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from rostersync.errors import SourceUnavailable
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.transport.calls import Call

from .calling import CALL, POST, Caller, Scripted, calls, refusal

BUSY = Told(b"", status=503)


# -- what comes -------------------------------------------------------------------------------------------------------


def test_an_answer_is_read_and_its_headers_have_small_letters(caller: Caller) -> None:
    links = (("Link", "<a>; rel=next"), ("Link", "<b>; rel=last"))
    with Server(Scripted(Told(b'{"elever": []}', headers=links))) as server:
        answer, body = caller.http(server.url).read(CALL)
    assert (answer.status, body) == (200, b'{"elever": []}')
    assert answer.headers["link"] == "<a>; rel=next, <b>; rel=last"
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/elever/hemmelig", (("fnr", "hemmelig"),))


def test_a_packed_answer_is_unpacked(caller: Caller) -> None:
    long = b'["' + b"x" * 100_000 + b'"]'
    with Server(Scripted(Told(long))) as server:
        answer, body = caller.http(server.url).read(CALL)
    assert answer.headers["content-encoding"] == "gzip"
    assert body == long


def test_a_packed_answer_that_is_none_is_told_as_broken_off(caller: Caller) -> None:
    broken = Told(b"no gzip at all", headers=(("Content-Encoding", "gzip"),))
    with Server(Scripted(broken)) as server:
        assert "the answer broke off" in refusal(lambda: caller.http(server.url).read(CALL))


def test_a_body_goes_along(caller: Caller) -> None:
    with Server(Scripted()) as server:
        caller.http(server.url).read(POST)
    assert [(one.method, one.body) for one in server.asked] == [("POST", b"hemmelig")]


def test_an_answer_larger_than_allowed_is_not_read_to_its_end(caller: Caller) -> None:
    with Server(Scripted(Told(b"x" * 3_000_000))) as server:
        told = refusal(lambda: caller.http(server.url).read(CALL, limit=2 << 20))
    assert told == "vigo: the pupils: the answer has more than 2 MB"


@pytest.mark.parametrize("body", [b"<!doctype html><title>hemmelig</title>", b"", b'{"hemmelig', b"\xff"])
def test_what_is_no_json_is_told_by_its_kind_alone(caller: Caller, body: bytes) -> None:
    with Server(Scripted(Told(body, kind="text/html; charset=utf-8"))) as server:
        told = refusal(lambda: caller.http(server.url).json(CALL))
    assert "the answer (200, text/html) is no JSON; check the address, and whether a proxy or a login page" in told


def test_a_status_that_is_expected_is_an_answer(caller: Caller) -> None:
    with Server(Scripted(Told(b"", status=404))) as server:
        answer, _ = caller.http(server.url).read(Call(what="a pupil", path="x", expected=(200, 404)))
    assert (answer.status, calls(server), caller.clock.waits) == (404, 1, [])


# -- what is tried again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500", "503", "429"])
def test_a_server_that_fails_for_a_moment_is_tried_again(caller: Caller, fault: str) -> None:
    with Server(Scripted()) as server:
        server.faults.switch(fault, times=2)
        assert caller.http(server.url).json(CALL) == {}
    assert calls(server) == 3
    assert caller.clock.waits == ([1.0, 1.0] if fault == "429" else [1.0, 2.0])


def test_pauses_grow_until_patience_is_at_its_end(caller: Caller) -> None:
    with Server(Scripted(BUSY)) as server:
        told = refusal(lambda: caller.http(server.url, patience=200).read(CALL))
    assert "it fails (503); tried until patience was at its end" in told
    assert caller.clock.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert calls(server) == 9


def test_without_patience_there_is_one_try(caller: Caller) -> None:
    with Server(Scripted(BUSY)) as server:
        refusal(lambda: caller.http(server.url, patience=0).read(CALL))
    assert (calls(server), caller.clock.waits) == (1, [])


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("0", 1), ("-5", 1), ("soon", 1)])
def test_a_server_says_how_long_to_wait_but_never_not_at_all(caller: Caller, asked: str, waited: float) -> None:
    busy = Told(b"", status=429, headers=(("Retry-After", asked),))
    with Server(Scripted(busy, Told(b"{}"))) as server:
        caller.http(server.url).json(CALL)
    assert caller.clock.waits == [waited]


def test_a_server_may_name_a_moment_instead(caller: Caller) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=30)
    busy = Told(b"", status=503, headers=(("Retry-After", format_datetime(moment, usegmt=True)),))
    with Server(Scripted(busy, Told(b"{}"))) as server:
        caller.http(server.url).json(CALL)
    assert 25 < caller.clock.waits[0] <= 30


def test_a_wish_beyond_patience_ends_it_at_once(caller: Caller) -> None:
    with Server(Scripted(Told(b"", status=429, headers=(("Retry-After", "3600"),)))) as server:
        told = refusal(lambda: caller.http(server.url).read(CALL))
    assert "it still says too many calls (429); let it run at another hour" in told
    assert (calls(server), caller.clock.waits) == (1, [])


def test_a_server_that_hangs_is_given_up_after_the_time_out_and_tried_again(caller: Caller) -> None:
    with Server(Scripted()) as server:
        server.faults.switch("hang", times=1)
        assert caller.http(server.url, timeout=0.2).json(CALL) == {}
        server.faults.switch("hang")
        told = refusal(lambda: caller.http(server.url, timeout=0.2, patience=1).read(CALL))
    assert "it did not answer in time; see the setting timeout" in told
    assert calls(server) == 4


def test_a_server_that_is_away_is_tried_until_patience_is_at_its_end(caller: Caller) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but nobody listens
        told = refusal(lambda: caller.http(f"http://127.0.0.1:{free.getsockname()[1]}", patience=4).read(POST))
    assert "it cannot be reached; check the address" in told
    assert caller.clock.waits == [1, 2]


def test_an_answer_cut_in_the_middle_never_ends_normally(caller: Caller) -> None:
    with Server(Scripted(Told(b"x" * 500))) as server:
        server.faults.switch("cut")
        told = refusal(lambda: caller.http(server.url).read(CALL))
    assert "the answer broke off (the connection was lost" in told
    assert calls(server) == 1, "half of it may be used already, so whoever reads decides"


# -- what is not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (400, "it does not understand the call (400)"),
        (401, "it does not accept our credentials (401); they are not tried again by themselves"),
        (403, "our credentials may not do this (403)"),
        (404, "it knows nothing of that name (404)"),
        (418, "it refuses (418)"),
        (302, "it sends us elsewhere (302), which is not followed"),
        (307, "it sends us elsewhere (307), which is not followed"),
    ],
)
def test_a_refusal_is_final(caller: Caller, status: int, sentence: str) -> None:
    with Server(Scripted()) as other:
        away = (("Location", f"{other.url}/hemmelig"),)
        with Server(Scripted(Told(b"hemmelig", status=status, headers=away))) as server:
            assert sentence in refusal(lambda: caller.http(server.url).read(CALL))
    assert (calls(server), calls(other), caller.clock.waits) == (1, 0, [])


@pytest.mark.parametrize("fault", ["500", "503", "hang"])
def test_what_may_have_been_carried_out_is_not_sent_again(caller: Caller, fault: str) -> None:
    with Server(Scripted()) as server:
        server.faults.switch(fault, times=1)
        refusal(lambda: caller.http(server.url, timeout=0.2).read(POST))
    assert calls(server) == 1


def test_too_many_calls_means_that_it_was_not_carried_out(caller: Caller) -> None:
    with Server(Scripted()) as server:
        server.faults.switch("429", times=1)
        caller.http(server.url).read(POST)
    assert calls(server) == 2


# -- where a link may lead --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "https://{place}/elever/hemmelig",
        "http://evil.example/elever/hemmelig",
        "http://{place}.evil.example/elever/hemmelig",
        "http://hemmelig@{place}/elever",
        "http://{place}@evil.example/elever",
        "http://127.0.0.1:1/elever",
        "file:///etc/passord",
        "http://[::1/elever",
        "http://127.0.0.1:x/elever",
    ],
)
def test_a_link_to_anybody_else_is_not_followed(caller: Caller, link: str) -> None:
    with Server(Scripted()) as server:
        place = server.url.removeprefix("http://")
        call = Call(what="the next page", path=link.format(place=place))
        assert "it leads on to another server" in refusal(lambda: caller.http(server.url).read(call))
    assert calls(server) == 0


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("{url}/elever?side=2", "/elever"),
        ("{upper}/elever?side=2", "/elever"),
        ("//evil.example/elever?side=2", "/base/evil.example/elever"),
        ("elever?lenke=http://evil.example/", "/base/elever"),
    ],
)
def test_a_link_to_the_same_server_is(caller: Caller, link: str, path: str) -> None:
    with Server(Scripted()) as server:
        whole = link.format(url=server.url, upper=server.url.replace("http", "HTTP"))
        caller.http(f"{server.url}/base/").read(Call(what="the next page", path=whole, query=(("x", "æ ø"),)))
    (asked,) = server.asked
    assert (asked.path, asked.query[-1], len(asked.query)) == (path, ("x", "æ ø"), 2)


class OnThreads:
    """Remembers on which thread it was asked: the server gives each connection one of its own."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def answer(self, asked: Asked) -> Told:
        self.names.add(threading.current_thread().name)
        return Told(b"{}")


def test_a_connection_is_used_again(caller: Caller) -> None:
    double = OnThreads()
    with Server(double) as server:
        http = caller.http(server.url)
        for _ in range(3):
            http.read(CALL)
    assert (calls(server), len(double.names)) == (3, 1)


# -- who makes calls again by himself ---------------------------------------------------------------------------------


class Again(SourceUnavailable):
    """The same call may succeed; what the server asks for comes along."""

    def __init__(self, text: str, *, overloaded: bool, pause: float) -> None:
        self.asks = (overloaded, pause)
        super().__init__(text)


@pytest.mark.parametrize(
    ("told", "asks"),
    [
        (Told(b"", status=500), (False, 0.0)),
        (BUSY, (False, 0.0)),
        (Told(b"", status=503, headers=(("Retry-After", "90"),)), (True, 90.0)),
        (Told(b"", status=429), (True, 0.0)),
        (Told(b"", status=429, headers=(("Retry-After", "90"),)), (True, 90.0)),
    ],
    ids=["fails", "busy", "busy, with a wish", "too many", "too many, with a wish"],
)
def test_who_makes_calls_again_by_himself_learns_what_the_server_asks_for(
    caller: Caller, told: Told, asks: tuple[bool, float]
) -> None:
    with Server(Scripted(told)) as server, pytest.raises(Again, match="vigo: the pupils") as caught:
        caller.http(server.url, faltering=Again, patience=4).json(CALL)
    assert caught.value.asks == asks
    assert sum(caller.clock.waits) <= 4
    assert (caller.clock.waits == []) == (asks[1] > 4), "a long pause is not slept through"


def test_what_passes_in_a_moment_is_not_told_to_him(caller: Caller) -> None:
    with Server(Scripted()) as server:
        server.faults.switch("429", times=2)
        assert caller.http(server.url, faltering=Again, patience=4).json(CALL) == {}
    assert caller.clock.waits == [1.0, 1.0]


@pytest.mark.parametrize("fault", ["503", "cut"])
def test_a_call_that_may_have_been_carried_out_is_his_to_make_again(caller: Caller, fault: str) -> None:
    with Server(Scripted(Told(b'{"elever": []}'))) as server:
        server.faults.switch(fault)
        with pytest.raises(Again, match="vigo: the pupils"):
            caller.http(server.url, faltering=Again).json(POST)
        assert calls(server) == 1


def test_so_is_one_that_never_left(caller: Caller) -> None:
    with pytest.raises(Again, match="it cannot be reached"):
        caller.http("http://127.0.0.1:9", faltering=Again, patience=4).json(POST)


@pytest.mark.parametrize("fault", ["401", "403", "404", "html"])
def test_what_no_second_call_will_mend_is_not(caller: Caller, fault: str) -> None:
    with Server(Scripted()) as server:
        server.faults.switch(fault)
        with pytest.raises(SourceUnavailable) as caught:
            caller.http(server.url, faltering=Again).json(CALL)
    assert not isinstance(caught.value, Again)
