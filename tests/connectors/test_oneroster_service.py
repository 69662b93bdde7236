"""A OneRoster service as it is met: paging, proofs of completeness, credentials, and everything that can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from rostersync.errors import RostersyncError, SnapshotRefused, SourceUnavailable

from .oneroster_parts import SECRETS, Service, entry, records_of, user, whole

MANY = 23


def many() -> dict[str, list[dict[str, object]]]:
    """A roster of several pages."""
    roster = whole()
    roster["users"] += [user(f"elev-{number:03}") for number in range(MANY)]
    return roster


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A 1.2 service, asked for five entries at a time."""
    with Service(tmp_path, "rostering/v1p2", settings={"page": 5}) as service:
        service.offer(many())
        yield service


def persons(service: Service, **more: object) -> set[tuple[str, ...]]:
    return {record.fields["sourcedId"] for record in service.records(**more) if record.kind == "person"}


def refusal(service: Service, **more: object) -> RostersyncError:
    """Why nothing is fetched, in words that name nobody."""
    with pytest.raises((SnapshotRefused, SourceUnavailable)) as caught:
        service.snapshot(**more)
    told = f"{caught.value} {caught.value.__context__!r} {caught.value.__cause__!r}"
    assert not [secret for secret in (*SECRETS, service.secret) if secret in told]
    assert list(service.spool.iterdir()) == []
    return caught.value


# -- paging -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("cap", [3, 100])
def test_everybody_comes_whatever_the_service_says_of_its_pages(
    tmp_path: Path, totals: bool, links: bool, cap: int
) -> None:
    with Service(tmp_path, settings={"page": 5}, totals=totals, links=links, cap=cap) as service:
        service.offer(many())
        assert len(persons(service)) == MANY + 3


def test_a_service_that_tells_the_number_is_not_asked_for_an_empty_page(service: Service) -> None:
    service.snapshot(page=1000)
    assert service.asked("/users") == 1


def test_a_service_is_asked_for_an_order_unless_it_refuses_one(service: Service) -> None:
    for sort, asked in (("sourcedId", "sourcedId"), ("", "")):
        service.server.asked.clear()
        service.snapshot(sort=sort)
        assert {one.one("sort") for one in service.server.asked if one.path != "/token"} == {asked}


def test_a_service_that_pays_no_heed_to_offset_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path, totals=False, settings={"page": 5}) as service:
        answer = service.double._page
        service.double._page = lambda asked, name: answer(  # type: ignore[method-assign]
            msgspec.structs.replace(asked, query=(("limit", "5"),)), name
        )
        assert "again and again" in str(refusal(service))


# -- completeness -----------------------------------------------------------------------------------------------------


def test_a_lost_page_is_never_taken_for_the_end(tmp_path: Path) -> None:
    with Service(tmp_path, cap=5) as service:
        service.offer(many())
        service.faults.switch("lost")
        error = refusal(service)
        assert isinstance(error, SnapshotRefused)
        assert not error.releasable
        assert f"of the users, 5 different ones came where the service promises {MANY + 3}, in 3 readings" in str(error)


def test_a_page_lost_once_is_found_again(service: Service) -> None:
    service.faults.switch("lost")
    assert len(persons(service)) == MANY + 3, "the second reading asks for everything at once"


def test_a_collection_that_moves_while_it_is_read_is_read_again_in_one_piece(service: Service) -> None:
    service.faults.switch("shifted")
    assert len(persons(service)) == MANY + 3


def test_an_entry_that_moves_between_small_pages_is_missed_and_not_forgotten(tmp_path: Path) -> None:
    with Service(tmp_path, cap=5) as service:
        service.offer(many())
        service.faults.switch("shifted")
        assert f"{MANY + 2} different ones came where the service promises {MANY + 3}" in str(refusal(service))


def test_a_collection_that_changed_only_once_is_read_again(service: Service) -> None:
    answer, pages = service.double._page, []

    def shifting(asked, name):  # type: ignore[no-untyped-def]
        pages.append(name)
        if name == "users" and pages.count("users") == 2:
            service.faults.switch("shifted")
        told = answer(asked, name)
        service.faults.clear()
        return told

    service.double._page = shifting  # type: ignore[method-assign]
    assert len(persons(service)) == MANY + 3


def test_a_service_that_lists_everything_twice_each_time_is_put_up_with(service: Service) -> None:
    service.faults.switch("duplicated")
    assert len(persons(service)) == MANY + 3


def test_the_order_of_the_entries_means_nothing(service: Service) -> None:
    before = service.snapshot()
    service.faults.switch("reordered")
    assert service.snapshot().digest == before.digest


def test_the_date_of_an_entry_means_nothing(service: Service) -> None:
    """FINT's provider dates every entry anew whenever it starts."""
    before = service.snapshot()
    for several in service.double.entries.values():
        for one in several:
            one["dateLastModified"] = "2026-11-21T03:04:05.678Z"
    assert service.snapshot().digest == before.digest


def test_an_empty_service_gives_an_empty_snapshot_for_gate_1_to_refuse(service: Service) -> None:
    for fault in ("empty", "null"):
        service.faults.switch(fault)
        assert service.records() == []
        service.faults.clear()


# -- what answers in its place ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("html", "the token: the answer (200, text/html) is no JSON"),
        ("cut", "the token: the answer broke off"),
        ("404", "knows nothing of that name (404)"),
        ("403", "our credentials may not do this (403)"),
        ("500", "it fails (500)"),
        ("429", "too many calls (429)"),
    ],
)
def test_a_server_fault_is_told_in_a_sentence(service: Service, fault: str, sentence: str) -> None:
    service.faults.switch(fault)
    assert sentence in str(refusal(service))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("html", "vis: the users: the answer (200, text/html) is no JSON"),
        ("cut", "vis: the users: the answer broke off"),
        ("wrapped", 'the answer holds no list "orgs"'),
    ],
)
def test_a_page_that_is_none_is_told_in_a_sentence(service: Service, fault: str, sentence: str) -> None:
    service.faults.switch(fault, path="/users")
    assert sentence in str(refusal(service))


def test_a_service_that_hangs_is_left_after_the_timeout(service: Service) -> None:
    service.faults.switch("hang", path="/users")
    assert "did not answer in time" in str(refusal(service, timeout=timedelta(milliseconds=200)))


def test_too_many_calls_are_waited_out_as_long_as_the_service_asks(service: Service) -> None:
    service.faults.switch("429", times=2, path="/users")
    assert len(persons(service, patience=timedelta(minutes=1))) == MANY + 3
    assert service.waits == [1.0, 1.0]


def test_what_is_not_utf_8_is_refused_and_never_guessed(service: Service) -> None:
    answer = service.double.answer
    service.double.answer = lambda asked: msgspec.structs.replace(  # type: ignore[method-assign]
        told := answer(asked), body=told.body.replace(b"Hemmelig", "Åse".encode("latin-1"))
    )
    assert "is no JSON" in str(refusal(service))


@pytest.mark.parametrize("entries", [{"sourcedId": "1"}, ["elev-1"], "elev-1", 7])
def test_what_is_no_list_of_entries_is_refused(service: Service, entries: object) -> None:
    service.double._listed = lambda name: entries  # type: ignore[method-assign, assignment, return-value]
    service.double._page = lambda asked, name: _told({name: entries})  # type: ignore[method-assign]
    assert 'what the answer holds as "orgs" is no list of entries' in str(refusal(service))


def _told(body: object):  # type: ignore[no-untyped-def]
    from rostersync.lab.doubles.server import Told

    return Told(msgspec.json.encode(body))


# -- who we are -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1p1", "rostering/v1p2"])
def test_a_wrong_secret_is_tried_once(tmp_path: Path, version: str) -> None:
    with Service(tmp_path, version, secret="another") as service:
        error = refusal(service, patience=timedelta(minutes=1))
        assert "does not accept our credentials (401)" in str(error)
        assert (service.asked(), service.waits) == (1, [])


def test_a_token_is_fetched_again_when_it_ends_early(service: Service) -> None:
    service.faults.switch("expired")
    assert len(persons(service)) == MANY + 3
    assert service.asked("/token") > 3


@pytest.mark.parametrize("signature", ["sha256", "sha1"])
def test_calls_are_signed_where_there_are_no_tokens(tmp_path: Path, signature: str) -> None:
    with Service(tmp_path) as service:
        assert len(persons(service, signature=signature)) == 3
        assert service.asked("/token") == 0
        wanted = f'oauth_signature_method="HMAC-{signature.upper()}"'
        assert all(wanted in one.headers["authorization"] for one in service.server.asked)


def test_the_scope_is_the_core_roster_and_nothing_more(service: Service) -> None:
    service.snapshot()
    body = next(one.body for one in service.server.asked if one.path == "/token")
    assert b"v1p2%2Fscope%2Froster-core.readonly" in body
    assert b"demographics" not in body


def test_check_asks_for_one_organisation(service: Service) -> None:
    assert service.connector.check() == []
    assert [one.path for one in service.server.asked] == ["/token", f"{service.double.base}/orgs"]


# -- what has changed -------------------------------------------------------------------------------------------------


def test_without_reliable_dates_everything_is_read_every_time(service: Service) -> None:
    assert service.snapshot().cursor == ""


def test_a_service_in_which_nothing_has_changed_gives_the_last_snapshot_again(service: Service) -> None:
    first = service.snapshot(dates="reliable")
    service.server.asked.clear()
    again = service.snapshot(first.cursor, dates="reliable")
    assert (again.digest, again.cursor) == (first.digest, first.cursor)
    assert all(one.one("limit") == "1" for one in service.server.asked if one.path != "/token")
    connector = service.made(dates="reliable")
    assert records_of(connector) != []


@pytest.mark.parametrize("collection", ["orgs", "classes", "users", "enrollments"])
def test_one_newer_entry_has_everything_read_anew(service: Service, collection: str) -> None:
    first = service.snapshot(dates="reliable")
    service.double.entries[collection][0]["dateLastModified"] = "2026-11-21T00:00:00.000Z"
    again = service.snapshot(first.cursor, dates="reliable")
    assert not again.partial
    assert again.cursor != first.cursor


def test_an_entry_that_went_without_a_trace_has_everything_read_anew(service: Service) -> None:
    first = service.snapshot(dates="reliable")
    del service.double.entries["users"][0]
    assert service.snapshot(first.cursor, dates="reliable").digest != first.digest


def test_where_no_number_would_show_a_deletion_everything_is_read_every_time(tmp_path: Path) -> None:
    with Service(tmp_path, totals=False) as service:
        assert service.snapshot(dates="reliable").cursor == ""


@pytest.mark.parametrize("cursor", ["nonsense", "{}"])
def test_a_note_of_another_version_is_no_note(service: Service, cursor: str) -> None:
    assert not service.snapshot(cursor, dates="reliable").partial


def test_a_deleted_entry_is_an_absent_one_whether_its_trace_is_left_or_not(service: Service) -> None:
    roster = whole()
    gone = [entry("elev-9", role="student") | {"status": word} for word in ("tobedeleted", "ToBeDeleted", "inactive")]
    service.offer(roster)
    before = service.snapshot()
    roster["users"] += [one | {"sourcedId": f"elev-9{at}", "orgs": []} for at, one in enumerate(gone)]
    service.offer(roster)
    assert service.snapshot().digest == before.digest
