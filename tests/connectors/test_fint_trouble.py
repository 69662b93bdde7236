"""What can go wrong between us and FINT, and that nothing of it is ever taken for a roster."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rostersync.connectors.fint import FintConnector
from rostersync.connectors.fint.records import FIELDS
from rostersync.credentials import Secret
from rostersync.errors import SourceUnavailable, UserMistake
from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.fint import ACCOUNT
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.model import Record

from .contract import NOW, keyed
from .fint_certificates import written
from .fint_county import CATEGORY, CLASS, ELEV, PERSON, SECRETS, STAY, Site, link, site

TOKEN = "/nidp/oauth/nam/token"
PUPIL = "fint/elev/ada-id"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        found.send()
        yield found


def trouble(here: Site) -> str:
    """The sentence with which fetching ends. It names nobody, and leaves no copy behind."""
    with pytest.raises(SourceUnavailable) as caught:
        here.connector.fetch(NOW)
    told = f"{caught.value} {caught.value!r} {caught.value.__context__!r}"
    assert not [secret for secret in SECRETS if secret in told]
    assert list(here.spool.iterdir()) == []
    return str(caught.value)


def tokens(here: Site) -> int:
    """How often a token was asked for."""
    return sum(one.path == TOKEN for one in here.server.asked)


# -- the server -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "it does not accept our credentials (401)"),
        ("403", "our credentials may not do this (403)"),
        ("404", "it knows nothing of that name (404)"),
        ("500", "it fails (500); tried until patience was at its end"),
        ("429", "it still says too many calls (429)"),
        ("cut", "the answer broke off"),
        ("html", "the answer is no JSON"),
    ],
)
def test_a_fault_that_stays_ends_the_run_with_a_reason(here: Site, fault: str, said: str) -> None:
    here.faults.switch(fault, path="elev/elevforhold")
    assert "vis: utdanning/elev/elevforhold" in (told := trouble(here))
    assert said in told
    here.faults.clear()
    assert PUPIL in {one.fields.get("id", ("",))[0] for one in here.records()}, "the next run catches up"


@pytest.mark.parametrize("fault", ["429", "500", "503"])
def test_a_fault_that_passes_is_waited_for(here: Site, fault: str) -> None:
    here.faults.switch(fault, times=1, path=ELEV)
    assert here.records()
    assert len(here.waited) == 1


def test_a_source_that_hangs_is_left_in_time(here: Site) -> None:
    here.change(timeout=timedelta(seconds=0.2), patience=timedelta())
    here.faults.switch("hang", path=PERSON)
    assert "it did not answer in time" in trouble(here)


def test_a_slow_source_is_waited_for(here: Site) -> None:
    here.faults.switch("slow", times=1, path=PERSON)
    assert here.records()
    assert here.waited == []


def test_a_server_that_is_not_there_is_told_of(here: Site) -> None:
    here.change(url="http://127.0.0.1:9", account=None, patience=timedelta())
    assert "it cannot be reached" in trouble(here)


def test_a_certificate_is_verified(tmp_path: Path) -> None:
    right, over = written(tmp_path), written(tmp_path, -1)
    for shown, trusted, said in (
        (right, right, ""),
        (right, over, "its certificate does not hold (self-signed certificate)"),
        (over, over, "its certificate does not hold (certificate has expired)"),
    ):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown)
        with site(tmp_path, context) as secure:
            secure.send()
            secure.change(ca=trusted)
            assert (said in trouble(secure)) if said else secure.records()


# -- the account ------------------------------------------------------------------------------------------------------


def test_one_token_serves_a_whole_read(here: Site) -> None:
    here.records()
    assert tokens(here) == 1


def test_a_token_that_is_no_longer_accepted_is_renewed_once(here: Site) -> None:
    here.faults.switch("401", times=1, path=PERSON)
    assert here.records()
    assert tokens(here) == 2


def test_tokens_that_are_never_accepted_are_not_fetched_for_ever(here: Site) -> None:
    here.faults.switch("expired")
    assert "it does not accept our credentials (401)" in trouble(here)
    assert tokens(here) == 2


def test_a_password_that_was_renewed_is_tried_once_and_explained(here: Site) -> None:
    here.faults.switch("rotated")
    told = trouble(here)
    assert told.startswith("vis's token server: the token: our credentials are refused (invalid_grant)")
    assert "its password was renewed in the portal" in told
    assert tokens(here) == 1


def test_the_county_and_the_client_are_named_to_consumers_that_want_to_know(here: Site) -> None:
    here.records()
    asked = next(one for one in here.server.asked if one.path == f"/{PERSON}")
    assert (asked.headers["x-org-id"], asked.headers["x-client"]) == ("lysvik.example", ACCOUNT["username"])


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("not JSON, but a password", "the account is not the JSON object that the customer portal shows"),
        ('["a list"]', "the account is not the JSON object that the customer portal shows"),
        ("{}", "the account lacks clientId, clientSecret"),
        (json.dumps({**ACCOUNT, "username": ""}), "the account lacks username"),
        (json.dumps({**ACCOUNT, "password": ""}), "the account lacks password"),
    ],
)
def test_an_account_that_cannot_be_used_is_a_mistake_of_ours(
    here: Site, tmp_path: Path, account: str, said: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(account)
    path.chmod(0o600)
    here.change(account=Secret("file", str(path), "rostersync.toml:9"))
    with pytest.raises(UserMistake, match=said) as caught:
        here.connector.fetch(NOW)
    assert str(caught.value).startswith("rostersync.toml:9: ")
    assert "but a password" not in str(caught.value)


def test_an_account_without_a_user_is_a_client_by_itself(here: Site, tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    path.write_text(json.dumps({name: ACCOUNT[name] for name in ("clientId", "clientSecret", "scope")}))
    path.chmod(0o600)
    here.change(account=Secret("file", str(path), "rostersync.toml:9"))
    assert here.records()
    (token,) = [one for one in here.server.asked if one.path.endswith("/token")]
    assert b"grant_type=client_credentials" in token.body
    assert b"username" not in token.body
    assert not [one for one in here.server.asked if "x-client" in one.headers or "x-org-id" in one.headers]


def test_an_older_account_will_do(here: Site, tmp_path: Path) -> None:
    old = {**ACCOUNT, "openIdSecret": ACCOUNT["clientSecret"], "assetId": "lysvik.example", "scope": "fint-client"}
    path = tmp_path / "older.json"
    path.write_text(json.dumps({name: told for name, told in old.items() if name not in ("clientSecret", "assetIds")}))
    path.chmod(0o600)
    here.change(account=Secret("file", str(path), "rostersync.toml:9"))
    assert here.records()


# -- what stands in the answers ---------------------------------------------------------------------------------------


class Garbled:
    """A double whose answers for one path are what a test says."""

    def __init__(self, inner: Any, path: str, body: bytes) -> None:
        self._inner, self._path, self._body = inner, path, body

    def answer(self, asked: Asked) -> Told:
        """The garbled answer, or the right one."""
        return Told(self._body) if asked.path == f"/{self._path}" else self._inner.answer(asked)


def garbled(here: Site, path: str, body: bytes) -> str:
    """The trouble that an answer makes."""
    with Server(Garbled(here.double, path, body), faults=Faults()) as server:
        here.change(url=server.url, token_url=f"{server.url}{TOKEN}")
        return trouble(here)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the answer is no JSON in UTF-8"),
        (b"{}", "holds no entries and does not say that there are none"),
        (b'{"message": "cache not found"}', "holds no entries"),
        (b"[]", "the answer is no JSON"),
        (b'{"_embedded": {"_entries": [{"a": 1}', "the answer is no JSON"),
        ('{"_embedded": {"_entries": [{"navn": "Åse"}]}}'.encode("latin-1"), "the answer is no JSON in UTF-8"),
        ('{"_embedded": {"_entries": []}}'.encode("utf-16"), "the answer is no JSON in UTF-8"),
        (b'{"_embedded": {"_entries": null}, "total_items": 3}', "holds no entries"),
        (b'{"_embedded": {"_entries": []}, "total_items": 0}', "it tells of 4 entries and gave 0"),
    ],
)
def test_an_answer_that_is_none_is_refused(here: Site, body: bytes, said: str) -> None:
    assert said in garbled(here, PERSON, body)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"size": null}', b'{"size": "many"}', b"<html>"])
def test_a_size_that_is_none_is_refused(here: Site, body: bytes) -> None:
    assert "cache/size" in garbled(here, f"{PERSON}/cache/size", body)


def test_an_answer_on_many_lines_with_a_byte_order_mark_is_as_good(here: Site) -> None:
    before = here.records()
    page = here.double.caches[PERSON].page(0, 0, link="x")
    body = b"\xef\xbb\xbf" + json.dumps(json.loads(page), indent="\t").encode()
    with Server(Garbled(here.double, PERSON, body), faults=Faults()) as server:
        here.change(url=server.url, token_url=f"{server.url}{TOKEN}")
        assert sorted(map(str, here.records())) == sorted(map(str, before))


ODD: tuple[Any, ...] = (None, [], {}, "", 0, [None], [{}], [{"href": None}], [{"href": "nonsense"}], {"href": "x"}, 3.5)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_entry_with_odd_things_where_lists_and_texts_belong_costs_nobody_else(here: Site, odd: Any) -> None:
    """Every field and relation of one pupil's entries, one after the other: whoever is left is whole."""
    whole = _of_bo(here.records())
    for path, key in ((PERSON, SECRETS[0]), (ELEV, "ada-id"), (STAY, "stay-ada"), (f"{CLASS}medlemskap", "m-1A-ada")):
        found = here.county.find(path, key)
        kept = json.dumps(found)
        for name in [*found, *found["_links"]]:
            changed = json.loads(kept)
            if name == "self":
                continue
            (changed if name in changed else changed["_links"])[name] = odd
            if name == "_links":  # an entry must be told from others
                changed["_links"] = {"self": found["_links"]["self"], "odd": odd}
            found.clear()
            found.update(changed)
        assert _of_bo(here.records()) == whole
        found.clear()
        found.update(json.loads(kept))


def _of_bo(records: list[Record]) -> set[str]:
    """What is told of Bo."""
    return {
        str((one.kind, part.fields if part else one.fields))
        for one in records
        for part in (*one.parts, None)
        if "bo-id" in str(part.whose if part else one.fields.get("id"))
    }


@pytest.mark.parametrize("links", [None, [], "no", 7])
def test_an_entry_without_any_links_costs_nobody_else(here: Site, links: Any) -> None:
    whole = _of_bo(here.records())
    page = json.loads(here.double.caches[ELEV].page(0, 0, link="x"))
    page["_embedded"]["_entries"][0]["_links"] = links
    with Server(Garbled(here.double, ELEV, json.dumps(page).encode()), faults=Faults()) as server:
        here.change(url=server.url, token_url=f"{server.url}{TOKEN}")
        records = here.records()
    assert _of_bo(records) == whole
    assert len([one for one in records if one.fields.get("rolle") == ("elev",)]) == 2, "she is told of, without a key"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-10-01", "2026-10-01"),
        ("2026-10-01T00:00:00", "2026-10-01"),
        ("2026-09-30T22:00:00Z", "2026-10-01"),
        ("2026-10-01T00:00:00+02:00", "2026-10-01"),
        ("01.10.2026", "01.10.2026"),
        ("snart", "snart"),
    ],
)
def test_a_date_without_zone_is_ours_and_one_that_is_none_is_left_for_the_mapping_to_reject(
    here: Site, written: str, told: str
) -> None:
    here.county.find(STAY, "stay-ada")["gyldighetsperiode"] = {"slutt": written}
    assert here.members("fint/klasse/1A")[PUPIL]["slutt"] == (told,)


def test_a_category_that_is_not_there_is_no_full_time_pupil(here: Site) -> None:
    here.county.find(STAY, "stay-ada")["_links"]["kategori"] = link(CATEGORY, "99")
    assert here.members("fint/klasse/1A")[PUPIL]["kategori"] == ("?", "?")


def test_no_message_of_a_broken_entry_shows_what_stands_in_it(here: Site) -> None:
    body = b'{"_embedded": {"_entries": [{"navn": "Ada Pr\xc3\xb8vesen" "04831050034"}]}}'
    assert "04831050034" not in garbled(here, PERSON, body)


def test_a_copy_that_is_gone_is_told_of(here: Site) -> None:
    connector: FintConnector = here.connector
    snapshot = connector.fetch(NOW)
    connector.discard(snapshot)
    with pytest.raises(SourceUnavailable, match="our copy of what was read is gone"):
        list(connector.read(snapshot, keyed, FIELDS))


def test_a_spool_that_cannot_be_written_is_told_of(here: Site, tmp_path: Path) -> None:
    here.change(spool=tmp_path / "nowhere")
    with pytest.raises(SourceUnavailable, match="the spool cannot be written"):
        here.connector.fetch(NOW)
