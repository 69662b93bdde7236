"""Certificates: only a valid one, for the right name, by an authority that is trusted, is spoken to; and the way by a proxy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rostersync.lab.doubles.certificates import Authority
from rostersync.lab.doubles.server import Asked, Server, Told

from .calling import CALL, Caller, Scripted, calls, refusal


def test_a_server_with_a_good_certificate_is_spoken_to(caller: Caller, authority: Authority) -> None:
    with Server(Scripted(), tls=authority.tls()) as server:
        for base in (server.url, server.url.replace("127.0.0.1", "localhost")):
            assert caller.http(base, ca=authority.pem).json(CALL) == {}
    assert calls(server) == 2


def test_a_certificate_that_has_ended_is_told_in_so_many_words(caller: Caller, authority: Authority) -> None:
    with Server(Scripted(), tls=authority.tls(ended=True)) as server:
        told = refusal(lambda: caller.http(server.url, ca=authority.pem).read(CALL))
    assert told == "vigo: the pupils: its certificate does not hold (certificate has expired); see the setting ca"
    assert (calls(server), caller.clock.waits) == (0, []), "time does not mend it"


def test_a_certificate_for_another_name_is_refused(caller: Caller, authority: Authority) -> None:
    with Server(Scripted(), tls=authority.tls("school.example")) as server:
        told = refusal(lambda: caller.http(server.url, ca=authority.pem).read(CALL))
        assert "its certificate does not hold (IP address mismatch" in told
        by_name = server.url.replace("127.0.0.1", "localhost")
        told = refusal(lambda: caller.http(by_name, ca=authority.pem).read(CALL))
        assert "its certificate does not hold (Hostname mismatch" in told
    assert calls(server) == 0


def test_an_authority_that_nobody_trusts_is_refused(caller: Caller, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, datetime.now(UTC), "another")
    with Server(Scripted(), tls=authority.tls()) as server:
        for ca in (None, other.pem):
            told = refusal(lambda ca=ca: caller.http(server.url, ca=ca).read(CALL))  # type: ignore[misc]
            assert "its certificate does not hold (unable to get local issuer certificate)" in told
    assert calls(server) == 0


def test_a_server_without_tls_is_no_matter_of_certificates(caller: Caller, authority: Authority) -> None:
    with Server(Scripted()) as server:
        base = server.url.replace("http://", "https://")
        told = refusal(lambda: caller.http(base, ca=authority.pem, patience=2).read(CALL))
    assert "the connection was lost" in told
    assert caller.clock.waits == [1]


# -- the proxy --------------------------------------------------------------------------------------------------------


class Proxy:
    """Hears which address is asked for, as a proxy does for plain HTTP."""

    def answer(self, asked: Asked) -> Told:
        return Told(b'{"by": "proxy"}')


def test_a_call_goes_by_the_proxy(caller: Caller) -> None:
    with Server(Proxy()) as proxy:
        assert caller.http("http://localhost:1", proxy=proxy.url).json(CALL) == {"by": "proxy"}
    assert [one.headers["host"] for one in proxy.asked] == ["localhost:1"]


def test_a_proxy_that_is_away_or_does_not_let_through_is_said_to_be_the_trouble(
    caller: Caller, authority: Authority
) -> None:
    sentence = "the proxy cannot be reached, or does not let us through; see the setting proxy"
    line = {"proxy": "http://127.0.0.1:1", "patience": 2}
    assert sentence in refusal(lambda: caller.http("http://localhost:1", **line).read(CALL))  # type: ignore[arg-type]
    with Server(Proxy()) as proxy:  # it knows no CONNECT
        line = {"proxy": proxy.url, "patience": 2, "ca": authority.pem}
        assert sentence in refusal(lambda: caller.http("https://localhost:1", **line).read(CALL))  # type: ignore[arg-type]
    assert caller.clock.waits == [1, 1]
