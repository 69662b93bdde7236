"""Feide's Groups API: the contract, how groups are told apart, and everything that can go wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from rostersync import connectors
from rostersync.connectors.feide_groups import FeideGroupsConnector, Settings, make
from rostersync.connectors.feide_groups.naming import Name, name_of, title_of
from rostersync.credentials import Secret
from rostersync.errors import RostersyncError, SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.lab.doubles.feide_groups import REALM, FeideGroups
from rostersync.lab.doubles.server import Server, Told
from rostersync.model import Record

from .contract import NOW, ConnectorContract, Source, read_both_ways
from .oneroster_parts import only

SCHOOL = f"fc:org:{REALM}:unit:NO974589230"
CLASS = f"fc:gogroup:{REALM}:b:NO974589230:7A:2026-08-01:2027-07-31"
SUBJECT = f"fc:gogroup:{REALM}:u:NO974589230:7a%2Fnor%20%C3%A5:2026-08-01:2027-07-31"
PUPIL = "hemmelig01@lysvik.example"


def member(user: str, affiliation: object = "student") -> dict[str, Any]:
    return {
        "userid_sec": ["p:12", f"feide:{user}"],
        "name": f"Kari Hemmelig {user}",
        "membership": {"basic": "member", "affiliation": affiliation},
    }


def group(number: str, title: object, **more: Any) -> dict[str, Any]:
    kind = "fc:org" if number.startswith("fc:org") else "fc:gogroup"
    return {"id": number, "type": kind, "displayName": title, **more}


def whole() -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """A school with a class, a teaching group, a pupil and a teacher; and a group of a type that nobody documents."""
    pupil, teacher = member(PUPIL), member("larer@lysvik.example", ["faculty", "employee"])
    level = f"fc:gogroup:{REALM}:l:NO974589230:7:2026-08-01:2027-07-31"
    return {
        f"fc:org:{REALM}": (group(f"fc:org:{REALM}", {"nb": "Lysvik kommune", "en": "Lysvik"}), []),
        SCHOOL: (group(SCHOOL, "Lysvik skole", parent=f"fc:org:{REALM}"), [pupil, teacher]),
        CLASS: (group(CLASS, "7A", go_type="b", parent=SCHOOL), [pupil, teacher]),
        SUBJECT: (group(SUBJECT, "Norsk", go_type="u", parent=SCHOOL, grep={"code": "NOR1260"}), [pupil]),
        level: (group(level, "7. trinn", go_type="l"), [pupil]),
    }


class Served:
    """The API on loopback with a connector that reads it."""

    secret = "secret of the lab"

    def __init__(self, home: Path, **double: Any) -> None:
        self.spool = home / "spool"
        self.spool.mkdir(parents=True)
        self._secret = home / "client.secret"
        self._secret.write_text(self.secret)
        self._secret.chmod(0o600)
        self.double = FeideGroups(whole(), **double)
        self.faults = self.double.faults
        self.server = Server(self.double, faults=self.faults)
        self.waits: list[float] = []

    def made(self, **more: object) -> FeideGroupsConnector:
        values: dict[str, object] = {
            "realm": REALM,
            "client_id": "rostersync",
            "client_secret": Secret("file", str(self._secret), "client_secret"),
            "url": f"{self.server.url}{self.double.base}",
            "token_url": f"{self.server.url}/oauth/token",
            "spool": self.spool,
            "timeout": timedelta(seconds=2),
            "patience": timedelta(0),
        }
        return FeideGroupsConnector("feide", Settings(**{**values, **more}), wait=self.waits.append)  # type: ignore[arg-type]

    def __enter__(self) -> Served:
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    def records(self, **more: object) -> list[Record]:
        connector = self.made(**more)
        snapshot = connector.fetch(NOW)
        try:
            return [one.parse() for one in read_both_ways(connector, snapshot)]
        finally:
            connector.discard(snapshot)

    def refusal(self, **more: object) -> RostersyncError:
        with pytest.raises((SourceUnavailable, SnapshotRefused)) as caught:
            self.made(**more).fetch(NOW)
        told = f"{caught.value} {caught.value.__context__!r} {caught.value.__cause__!r}"
        assert not [secret for secret in ("Hemmelig", "hemmelig01", self.secret) if secret in told]
        assert list(self.spool.iterdir()) == []
        return caught.value


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as found:
        yield found


class GroupsSource(Source):
    secrets = ("Hemmelig", "hemmelig01")
    parts = ("member",)
    kinds = ("group", "membership")

    def __init__(self, served: Served) -> None:
        self.served = served
        self.connector = served.made()

    def offer_all(self) -> None:
        self.served.faults.clear()
        self.served.double.groups = whole()

    def offer_more(self) -> None:
        """One group more; in this source there are no persons."""
        self.offer_all()
        number = CLASS.replace("7A", "7B")
        self.served.double.groups[number] = (group(number, "7B", go_type="b", parent=SCHOOL), [])

    def offer_half(self) -> None:
        self.offer_all()
        self.served.faults.switch("cut", path="/members")

    def offer_nothing(self) -> None:
        self.served.faults.switch("503")

    def copies(self) -> int:
        return len(list(self.served.spool.iterdir()))


class TestGroupsApi(ConnectorContract):
    @pytest.fixture
    def source(self, served: Served) -> Source:
        return GroupsSource(served)


def test_the_type_feide_groups_is_found_by_its_folder() -> None:
    assert "feide_groups" in connectors.types()
    assert connectors.settings_type("feide_groups") is Settings


# -- what the ids say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (f"fc:org:{REALM}", Name("owner", "owner")),
        (SCHOOL, Name("school", "school/NO974589230", "owner", "NO974589230")),
        (
            CLASS,
            Name("b", "b/NO974589230/7a/2026", "school/NO974589230", "NO974589230", "7a", "2026-08-01", "2027-07-31"),
        ),
        (
            SUBJECT,
            Name(
                "u", "u/NO974589230/7a%2Fnor%20%C3%A5/2026", "school/NO974589230", "NO974589230", "7a/nor å",
                "2026-08-01", "2027-07-31",
            ),
        ),
        (f"fc:gogroup:{REALM}:p:NO974589230:STUSP:2026-08-01:2027-07-31", None),
        (f"fc:gogroup:{REALM}:b:NO974589230", Name("b")),
        ("fc:adhoc:1", Name("")),
        ("", Name("")),
    ],
)  # fmt: skip
def test_an_id_tells_what_a_group_is(number: str, name: Name | None) -> None:
    found = name_of({"id": number})
    assert found == name if name else found.kind == "p"


@pytest.mark.parametrize(
    ("begin", "year"), [("2026-07-01", "2026"), ("2026-08-17", "2026"), ("2027-01-04", "2026"), ("2027-06-30", "2026")]
)
def test_a_group_is_the_same_all_through_a_school_year(begin: str, year: str) -> None:
    """eFeide writes the member's own dates into the id."""
    assert name_of({"id": CLASS.replace("2026-08-01", begin)}).key == f"b/NO974589230/7a/{year}"


@pytest.mark.parametrize("local", ["PRJ-ÅRBOK", "prj-årbok", "prj-%C3%85rbok", "PRJ-A\u030aRBOK"])
def test_a_local_id_is_canonical_however_it_is_written(local: str) -> None:
    assert name_of({"id": CLASS.replace("7A", local)}).key == "b/NO974589230/prj-%C3%A5rbok/2026"


def test_the_parent_is_what_stands_behind_unit() -> None:
    """Feide's own examples have it with the prefix of another kind of group."""
    wrong = f"fc:gogroup:{REALM}:unit:NO999999999"
    assert name_of({"id": CLASS, "parent": wrong}).parent == "school/NO999999999"
    assert name_of({"id": CLASS, "parent": None}).parent == "school/NO974589230"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("7A", "7A"),
        ({"en": "7A class", "nb": "7A"}, "7A"),
        ({"fallback": "7A"}, "7A"),
        ({"se": "7A"}, "7A"),
        ({}, ""),
        (None, ""),
        (["7A"], ""),
    ],
)
def test_a_title_is_a_text_or_one_of_several_languages(title: object, text: str) -> None:
    assert title_of({"displayName": title}) == text


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_groups_and_memberships_and_nobody_is_described(served: Served) -> None:
    records = served.records()
    assert {one.kind for one in records} == {"group", "membership"}
    found = only(records, "group", key="u/NO974589230/7a%2Fnor%20%C3%A5/2026").fields
    assert (found["name"], found["grep"], found["parent"]) == (("Norsk",), ("NOR1260",), ("school/NO974589230",))
    assert "number" not in found
    assert only(records, "group", type="school").fields["number"] == ("NO974589230",)
    parts = only(records, "membership", group="b/NO974589230/7a/2026").parts
    assert {(part.whose, part.fields["affiliation"]) for part in parts} == {
        (PUPIL, ("student",)),
        ("larer@lysvik.example", ("employee", "faculty")),
    }


def test_a_kind_that_nobody_documents_is_logged_and_left_out(served: Served) -> None:
    with capture_logs() as logs:
        records = served.records()
    assert not [one for one in records if one.fields.get("type") == ("l",)]
    assert logs == [
        {"event": "source.kind_unknown", "source": "feide", "go_type": "l", "groups": 1, "log_level": "info"}
    ]


def test_two_ids_of_one_group_are_one_group_with_all_members(served: Served) -> None:
    late = CLASS.replace("2026-08-01", "2027-01-04")
    served.double.groups[late] = (group(late, "7A", go_type="b"), [member("ny@lysvik.example")])
    records = served.records()
    found = only(records, "group", key="b/NO974589230/7a/2026")
    assert (found.fields["begin"], found.fields["end"]) == (("2026-08-01",), ("2027-07-31",))
    parts = only(records, "membership", group="b/NO974589230/7a/2026").parts
    assert {part.whose: part.fields["begin"] for part in parts} == {
        PUPIL: ("2026-08-01",),
        "larer@lysvik.example": ("2026-08-01",),
        "ny@lysvik.example": ("2027-01-04",),
    }


def test_only_the_kinds_that_are_asked_for_cost_calls(served: Served) -> None:
    served.records(kinds=("school",))
    assert [one.path.count("/members") for one in served.server.asked if "members" in one.path] == [1]


@pytest.mark.parametrize("affiliation", [None, "", [], [None], {"x": 1}, 7])
def test_an_affiliation_that_is_none_is_left_out(served: Served, affiliation: object) -> None:
    served.double.groups[CLASS] = (group(CLASS, "7A"), [member(PUPIL, affiliation)])
    (part,) = only(served.records(), "membership", group="b/NO974589230/7a/2026").parts
    assert "affiliation" not in part.fields


def test_who_has_no_feide_name_comes_without_a_key_so_that_she_is_counted(served: Served) -> None:
    served.faults.switch("nameless")
    records = served.records()
    assert {part.whose for one in records for part in one.parts} == {""}


# -- on the way -------------------------------------------------------------------------------------------------------


def test_every_page_is_followed(served: Served) -> None:
    served.double.groups[SCHOOL] = (group(SCHOOL, "S"), [member(f"p{one}@lysvik.example") for one in range(23)])
    (school,) = [one for one in served.records(page=5) if one.fields.get("group") == ("school/NO974589230",)]
    assert len(school.parts) == 23


def test_a_link_without_a_host_is_followed_too(served: Served) -> None:
    answer = served.double.answer

    def shortened(asked: Any) -> Told:
        told = answer(asked)
        links = tuple((name, text.replace(served.server.url, "")) for name, text in told.headers)
        return Told(told.body, told.status, told.kind, links)

    served.double.answer = shortened  # type: ignore[method-assign]
    assert sum(one.kind == "group" for one in served.records(page=2)) == 4


@pytest.mark.parametrize("fault", ["reordered", "duplicated"])
def test_order_and_repetition_mean_nothing(served: Served, fault: str) -> None:
    def told() -> set[str]:
        return {repr(one) for one in served.records(page=2)}

    before = told()
    served.faults.switch(fault)
    assert told() == before


def test_links_that_go_round_or_elsewhere_are_not_followed_for_ever(served: Served) -> None:
    answer = served.double.answer
    elsewhere = (("Link", '<https://elsewhere.example/x>; rel="next"'),)

    def leading_away(asked: Any) -> Told:
        told = answer(asked)
        return told if "token" in asked.path else Told(told.body, headers=elsewhere)

    served.double.answer = leading_away  # type: ignore[method-assign]
    assert "leads on to another server" in str(served.refusal())


@pytest.mark.parametrize(
    ("fault", "path", "sentence"),
    [
        ("html", "groups", "the groups: the answer (200, text/html) is no JSON"),
        ("cut", "members", "the members of a group: the answer broke off"),
        ("403", "members", "may not do this (403)"),
        ("404", "members", "knows nothing of that name (404)"),
        ("500", "groups", "it fails (500)"),
        ("429", "members", "too many calls (429)"),
        ("hang", "members", "did not answer in time"),
    ],
)
def test_a_fault_is_told_in_a_sentence(served: Served, fault: str, path: str, sentence: str) -> None:
    served.faults.switch(fault, path=path)
    assert sentence in str(served.refusal(timeout=timedelta(milliseconds=300)))


@pytest.mark.parametrize(
    "body", [b"{}", b'{"groups": []}', b'["x"]', b"null", b'[{"id": "\xe6"}]', "[]".encode("utf-16")]
)
def test_what_is_no_list_of_entries_is_refused(served: Served, body: bytes) -> None:
    answer = served.double.answer
    served.double.answer = lambda asked: answer(asked) if "token" in asked.path else Told(body)  # type: ignore[method-assign]
    assert isinstance(served.refusal(), SourceUnavailable)


@pytest.mark.parametrize("number", [7, None, "", [], {"x": 1}])
def test_an_id_that_is_no_text_makes_no_group_and_costs_nobody_else(served: Served, number: object) -> None:
    served.double.groups["odd"] = ({"id": number, "type": "fc:gogroup", "go_type": "b"}, [])
    records = served.records()
    assert only(records, "group", key="b/NO974589230/7a/2026")
    assert [one for one in records if one.kind == "group" and "key" not in one.fields]


@pytest.mark.parametrize("odd", [None, [], {}, "", 7, [None], [7], ["p:1"]])
def test_a_member_with_odd_things_where_lists_belong_costs_nobody_else(served: Served, odd: object) -> None:
    broken = {"userid_sec": odd, "name": odd, "membership": odd}
    served.double.groups[CLASS] = (group(CLASS, "7A"), [broken, member(PUPIL)])
    parts = only(served.records(), "membership", group="b/NO974589230/7a/2026").parts
    assert {part.whose for part in parts} == {"", PUPIL}, "one without a key is for the mapping to reject and count"


def test_a_page_that_promises_more_than_comes_is_followed_to_the_end(served: Served) -> None:
    """An empty page in the middle is no end: the links say where that is."""
    served.double.groups[SCHOOL] = (group(SCHOOL, "S"), [member(f"p{one}@lysvik.example") for one in range(9)])
    answer = served.double.answer

    def emptied(asked: Any) -> Told:
        told = answer(asked)
        lost = "members" in asked.path and asked.one("page") == "2"
        return Told(b"[]", headers=told.headers) if lost else told

    served.double.answer = emptied  # type: ignore[method-assign]
    (school,) = [one for one in served.records(page=3) if one.fields.get("group") == ("school/NO974589230",)]
    assert {part.whose for part in school.parts} >= {"p0@lysvik.example", "p8@lysvik.example"}


@pytest.mark.parametrize("day", ["", "i fjor", "2026-08-01T00:00:00", "01.08.2026"])
def test_a_date_that_is_none_is_left_for_the_mapping_to_reject(served: Served, day: str) -> None:
    odd = CLASS.replace("2026-08-01", quote(day, safe="")).replace("7A", "7B")
    served.double.groups[odd] = (group(odd, "7B", go_type="b", parent=SCHOOL), [member(PUPIL)])
    found = [one for one in served.records() if one.kind == "group" and one.fields.get("localId") == ("7b",)]
    assert [one.fields.get("begin", ("",)) for one in found] == [(day,)]


def test_too_many_calls_are_waited_out(served: Served) -> None:
    served.faults.switch("429", times=2, path="members")
    assert served.records(patience=timedelta(minutes=1))
    assert served.waits == [1.0, 1.0]


def test_a_wrong_secret_is_tried_once(tmp_path: Path) -> None:
    with Served(tmp_path, secret="another") as served:
        assert "does not accept our credentials (401)" in str(served.refusal(patience=timedelta(minutes=1)))
        assert (len(served.server.asked), served.waits) == (1, [])


def test_a_token_is_fetched_again_when_it_ends_early(served: Served) -> None:
    served.faults.switch("expired")
    assert len([one for one in served.records() if one.kind == "membership"]) == 3


def test_an_empty_realm_gives_an_empty_snapshot_for_gate_1_to_refuse(served: Served) -> None:
    served.faults.switch("empty")
    assert served.records() == []


def test_check_asks_for_one_group(served: Served) -> None:
    assert served.made().check() == []
    assert [one.one("per_page") for one in served.server.asked] == ["", "1"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"realm": "https://lunde.no"}, "is no realm"),
        ({"realm": ""}, "is no realm"),
        ({"kinds": ("school", "p")}, 'there is no "p"'),
        ({"url": "http://groups.example"}, "is not encrypted"),
        ({"page": 0}, '"page" must be 1 or more'),
    ],
)
def test_a_setting_that_cannot_be_right_is_told(values: dict[str, object], sentence: str) -> None:
    settings: dict[str, object] = {"realm": REALM, "client_id": "x", "client_secret": Secret("env", "X", "")}
    with pytest.raises(UserMistake, match=r"source\.feide: ") as caught:
        make("feide", Settings(**{**settings, **values}))  # type: ignore[arg-type]
    assert sentence in str(caught.value)
