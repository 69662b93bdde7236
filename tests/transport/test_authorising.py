"""Who we are: a name and a password, an OAuth 2 token that is fetched, renewed and refused, and an OAuth 1.0a signature."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlencode

import pytest
from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.transport.authorising import Basic, Signed, Token
from rostersync.transport.calls import Call

from .calling import CALL, Caller, Scripted, calls, refusal

FORM = {"grant_type": "password", "username": "rostersync", "password": "hemmelig æ&="}


class Guarded:
    """A token endpoint, and a service behind it that takes the newest token only."""

    def __init__(self, lasts: object = 3600, refusal: Told | None = None) -> None:
        self.given = 0
        self.revoked = False
        self.forms: list[dict[str, list[str]]] = []
        self._lasts = lasts
        self._refusal = refusal

    def answer(self, asked: Asked) -> Told:
        if asked.path == "/token":
            self.forms.append(parse_qs(asked.body.decode()))
            if self._refusal:
                return self._refusal
            self.given += 1
            self.revoked = False
            lasts = "" if self._lasts is None else f', "expires_in": {self._lasts}'
            return Told(f'{{"access_token": "token-{self.given}"{lasts}}}'.encode())
        right = asked.headers.get("authorization") == f"Bearer token-{self.given}" and not self.revoked
        return Told(b'{"well": true}') if right else Told(b"hemmelig", status=401)


def asked_for(server: Server, path: str) -> int:
    return sum(one.path == path for one in server.asked)


def with_token(caller: Caller, server: Server) -> Token:
    return Token(caller.http(server.url), "token", FORM, caller.clock.now)


# -- tokens -----------------------------------------------------------------------------------------------------------


def test_one_token_serves_many_calls(caller: Caller) -> None:
    double = Guarded()
    with Server(double) as server:
        http = caller.http(server.url, authoriser=with_token(caller, server))
        assert [http.json(CALL) for _ in range(3)] == [{"well": True}] * 3
    assert asked_for(server, "/token") == 1
    assert double.forms == [{name: [text] for name, text in FORM.items()}]


@pytest.mark.parametrize(
    ("lasts", "after", "fetched"),
    [(3600, 3500, 1), (3600, 3541, 2), (300, 241, 2), (None, 3500, 1), (30, 1, 2), ('"soon"', 3500, 1)],
)
def test_a_token_is_renewed_a_minute_before_its_end(caller: Caller, lasts: object, after: float, fetched: int) -> None:
    with Server(Guarded(lasts)) as server:
        http = caller.http(server.url, authoriser=with_token(caller, server))
        http.json(CALL)
        caller.clock.wait(after)
        assert http.json(CALL) == {"well": True}
    assert asked_for(server, "/token") == fetched


def test_a_token_that_was_revoked_is_renewed_once_and_the_call_repeated(caller: Caller) -> None:
    double = Guarded()
    with Server(double) as server:
        http = caller.http(server.url, authoriser=with_token(caller, server))
        http.json(CALL)
        double.revoked = True
        assert http.json(CALL) == {"well": True}
    assert (asked_for(server, "/token"), asked_for(server, "/elever/hemmelig")) == (2, 3)


def test_a_server_that_accepts_no_token_is_asked_twice_and_no_more(caller: Caller) -> None:
    with Server(Guarded()) as server:
        server.faults.switch("401", path="elever")
        told = refusal(lambda: caller.http(server.url, authoriser=with_token(caller, server)).read(CALL))
    assert "the pupils: it does not accept our credentials (401)" in told
    assert (asked_for(server, "/token"), asked_for(server, "/elever/hemmelig")) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Told(b'{"error": "invalid_grant", "error_description": "hemmelig"}', status=400), "refused (invalid_grant)"),
        (Told(b'{"error": "hemmelig"}', status=400), "refused (no known reason)"),
        (Told(b'{"error": "invalid_client"}'), "refused (invalid_client)"),
        (Told(b"hemmelig", status=401), "it does not accept our credentials (401)"),
        (Told(b"hemmelig", status=403), "our credentials may not do this (403)"),
        (Told(b"<title>Logg inn</title>", kind="text/html"), "(200, text/html) is no JSON"),
        (Told(b'{"token": "hemmelig"}'), "the answer holds no access_token"),
        (Told(b'["hemmelig"]'), "the answer holds no access_token"),
        (Told(b'{"access_token": ""}'), "the answer holds no access_token"),
    ],
)
def test_a_refused_password_is_tried_once_since_there_may_be_a_lock_behind_it(
    caller: Caller, answer: Told, sentence: str
) -> None:
    with Server(Guarded(refusal=answer)) as server:
        told = refusal(lambda: caller.http(server.url, authoriser=with_token(caller, server)).read(CALL))
    assert told.startswith("vigo: the token: ")
    assert sentence in told
    assert (calls(server), caller.clock.waits) == (1, [])


def test_a_token_endpoint_that_fails_for_a_moment_is_tried_again(caller: Caller) -> None:
    with Server(Guarded()) as server:
        server.faults.switch("503", times=1, path="token")
        assert caller.http(server.url, authoriser=with_token(caller, server)).json(CALL) == {"well": True}
    assert asked_for(server, "/token") == 2


# -- a name and a password --------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once(caller: Caller) -> None:
    with Server(Scripted(Told(b"", status=401))) as server:
        refusal(lambda: caller.http(server.url, authoriser=Basic("rostersync", "hemmelig æ:")).read(CALL))
    (asked,) = server.asked
    proof = asked.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(proof).decode() == "rostersync:hemmelig æ:"


# -- signatures -------------------------------------------------------------------------------------------------------


class Validator(RequestValidator):  # type: ignore[misc]
    """The server's side, as oauthlib has it: it knows one key, and takes no nonce twice."""

    enforce_ssl = False
    dummy_client = "nobody"
    client_key_length = (5, 30)
    nonce_length = (5, 60)

    def __init__(self) -> None:
        super().__init__()
        self._nonces: set[str] = set()

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return ("HMAC-SHA256",)

    def validate_client_key(self, client_key: str, request: object) -> bool:
        return client_key == "rostersync"

    def get_client_secret(self, client_key: str, request: object) -> str:
        return "passord&=æ"

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, *_: object, **__: object
    ) -> bool:
        new = nonce not in self._nonces
        self._nonces.add(nonce)
        return new


class Signing:
    """A service that answers whoever signs well, whatever is asked."""

    def __init__(self) -> None:
        self._endpoint = SignatureOnlyEndpoint(Validator())

    def answer(self, asked: Asked) -> Told:
        url = f"http://{asked.headers['host']}{asked.path}"
        if asked.query:
            url += "?" + urlencode(asked.query)
        headers = {"Authorization": asked.headers.get("authorization", "")}
        valid, _ = self._endpoint.validate_request(url, asked.method, None, headers)
        return Told(b'{"well": true}') if valid else Told(b"hemmelig", status=401)


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        Call(what="the page", path="users?limit=100&offset=200"),
        Call(what="the page", path="users", query=(("filter", "role='student' AND status='active'"), ("limit", "1"))),
        Call(
            what="the page", path="users?filter=givenName~{Åse|Bjørn}", query=(("b", "2"), ("a", "1 + 1"), ("a", "0"))
        ),
        Call(what="the page", path="users", query=(("tom", ""), ("æ", "ø/å"))),
    ],
    ids=["plain", "query in the link", "filter", "odd link", "letters"],
)
def test_a_signature_holds_for_whatever_is_asked(caller: Caller, call: Call) -> None:
    with Server(Signing()) as server:
        http = caller.http(server.url, authoriser=Signed("rostersync", "passord&=æ"))
        assert [http.json(call) for _ in range(2)] == [{"well": True}] * 2


def test_every_try_is_signed_anew(caller: Caller) -> None:
    with Server(Signing()) as server:
        server.faults.switch("503", times=1)
        assert caller.http(server.url, authoriser=Signed("rostersync", "passord&=æ")).json(CALL) == {"well": True}
    first, second = (one.headers["authorization"] for one in server.asked)
    assert first != second


@pytest.mark.parametrize(("key", "secret"), [("rostersync", "galt"), ("andre", "passord&=æ")])
def test_a_wrong_signature_is_tried_once(caller: Caller, key: str, secret: str) -> None:
    with Server(Signing()) as server:
        refusal(lambda: caller.http(server.url, authoriser=Signed(key, secret)).read(CALL))
    assert calls(server) == 1
