"""The FINT double behaves, and misbehaves, like FINT; and the people in it are those of the municipality."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from rostersync.lab.district import District
from rostersync.lab.doubles.fint import ACCOUNT, FintDouble, county
from rostersync.lab.doubles.server import Server
from rostersync.lab.world import START, World

PERSON, ELEV, STAY = (f"utdanning/elev/{name}" for name in ("person", "elev", "elevforhold"))
CLASS, BASE = "utdanning/elev/klasse", "utdanning/elev/basisgruppe"
WORLD = World(42, 1, START, START, 0.01, 0.001, 0.001)


@pytest.fixture(scope="module")
def resources() -> dict[str, list[dict[str, Any]]]:
    return county(WORLD, START)


class Peer:
    """Asks a double as any other client would."""

    def __init__(self, server: Server) -> None:
        self.server = server
        form = {"grant_type": "password", "scope": "fint-client", "client_id": ACCOUNT["clientId"]}
        form |= {
            "username": ACCOUNT["username"],
            "password": ACCOUNT["password"],
            "client_secret": ACCOUNT["clientSecret"],
        }
        body = urlencode(form).encode()
        with urlopen(f"{server.url}/nidp/oauth/nam/token", body) as answer:  # noqa: S310 - loopback
            self.token = json.load(answer)["access_token"]

    def ask(self, path: str, **query: int) -> Any:
        """The answer, or the status of a refusal."""
        url = f"{self.server.url}/{path}?{urlencode(query)}"
        asked = Request(url, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310 - loopback
        try:
            with urlopen(asked) as answer:  # noqa: S310 - loopback
                return json.load(answer)
        except HTTPError as error:
            error.close()
            return error.code


@pytest.fixture
def double(resources: dict[str, list[dict[str, Any]]]) -> FintDouble:
    moments = count(1_000, 1_000)
    made = FintDouble(lambda: next(moments))
    made.full_sync({path: resources[path][:5] for path in (PERSON, ELEV)})
    return made


@pytest.fixture
def peer(double: FintDouble) -> Iterator[Peer]:
    with Server(double, faults=double.faults) as server:
        yield Peer(server)


def entries(answer: Any) -> list[Any]:
    found: list[Any] = answer["_embedded"]["_entries"]
    return found


def test_pages_follow_each_other_and_their_links_forget_what_was_asked(peer: Peer) -> None:
    page = peer.ask(PERSON, offset=2, size=2, sinceTimeStamp=0)
    assert (len(entries(page)), page["total_items"], page["offset"], page["size"]) == (2, 5, 2, 2)
    assert page["_links"]["next"][0]["href"].endswith(f"{PERSON}?offset=4&size=2")
    assert "next" not in peer.ask(PERSON, offset=4, size=2)["_links"]
    assert len(entries(peer.ask(PERSON))) == 5


def test_a_delta_is_inclusive_tells_the_whole_size_and_no_deletion(
    double: FintDouble, peer: Peer, resources: dict[str, list[dict[str, Any]]]
) -> None:
    changed = json.loads(json.dumps(resources[ELEV][:4]))
    changed[0]["gjest"] = True
    before = peer.ask(f"{ELEV}/last-updated")["lastUpdated"]
    double.full_sync({ELEV: changed})
    after = peer.ask(f"{ELEV}/last-updated")["lastUpdated"]
    assert after > before
    delta = peer.ask(ELEV, sinceTimeStamp=after)
    assert ([one["gjest"] for one in entries(delta)], delta["total_items"]) == ([True], 4)
    assert len(entries(peer.ask(ELEV, sinceTimeStamp=before))) == 4
    assert peer.ask(f"{ELEV}/cache/size") == {"size": 4}
    assert entries(peer.ask(ELEV))[-1]["gjest"], "what has changed moves to the end"


def test_older_consumers_write_the_moment_as_a_text() -> None:
    double = FintDouble(lambda: 7, numbers=False)
    double.full_sync({ELEV: []})
    with Server(double) as server:
        assert Peer(server).ask(f"{ELEV}/last-updated") == {"lastUpdated": "0"}


def test_nobody_gets_in_without_a_token_and_nothing_is_where_nothing_is(peer: Peer) -> None:
    assert peer.ask("utdanning/elev/nothing") == 404
    assert peer.ask("utdanning/elev/nothing/cache/size") == 404
    peer.token = "another"
    assert peer.ask(PERSON) == 401


@pytest.mark.parametrize(("fault", "status"), [("expired", 401), ("empty", 0), ("shrunk", 3), ("lost", 5)])
def test_data_faults_are_switched(double: FintDouble, peer: Peer, fault: str, status: int) -> None:
    double.faults.switch(fault)
    answer = peer.ask(ELEV)
    assert (answer if isinstance(answer, int) else len(entries(answer))) == status


def test_the_same_people_are_in_fint_as_in_the_municipality(resources: dict[str, list[dict[str, Any]]]) -> None:
    district = District(WORLD, 0)
    listed = [pupil for pupil in district.pupils if district.listed_pupil(pupil, START)]
    numbers = {one["fodselsnummer"]["identifikatorverdi"] for one in resources[PERSON]}
    assert len(resources[ELEV]) == len(resources[STAY]) == len(listed)
    assert {pupil.person.number for pupil in listed if pupil.person.number} <= numbers


def test_every_link_leads_to_an_entry(resources: dict[str, list[dict[str, Any]]]) -> None:
    known = {link["href"] for some in resources.values() for one in some for link in one["_links"]["self"]}
    pointed = {
        link["href"]
        for some in resources.values()
        for one in some
        for relation, links in one["_links"].items()
        for link in links
        if relation != "self"
    }
    assert pointed <= known


def test_both_models_hold_the_same_under_other_names(resources: dict[str, list[dict[str, Any]]]) -> None:
    older = county(WORLD, START, model="3")
    assert BASE in older
    assert CLASS not in older
    assert {path.replace(BASE, CLASS): len(some) for path, some in older.items()} == {
        path: len(some) for path, some in resources.items()
    }
    assert all("periode" in one and "termin" not in one["_links"] for one in older[BASE])


def test_a_later_day_is_another_county_of_mostly_the_same_people(resources: dict[str, list[dict[str, Any]]]) -> None:
    later = county(World(42, 1, START, date(2026, 11, 5), 0.01, 0.001, 0.001), date(2026, 11, 5))

    def numbers(some: dict[str, list[dict[str, Any]]]) -> set[str]:
        return {one["fodselsnummer"]["identifikatorverdi"] for one in some[PERSON]}

    assert numbers(later) != numbers(resources)
    assert len(numbers(later) & numbers(resources)) > 0.9 * len(numbers(resources))
    assert later != resources
