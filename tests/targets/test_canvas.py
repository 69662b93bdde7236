"""The Canvas target: the contract against a site in the lab, what stands in its rows, and what can go wrong on the way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from rostersync.credentials import Secret
from rostersync.errors import TargetFaltering, TargetUnavailable, UserMistake
from rostersync.model import Delivery, Membership, Outcome
from rostersync.targets import Target, settings_type, types
from rostersync.targets.canvas import Canvas, Settings
from tests.targets.canvas_site import Lab
from tests.targets.contract import (
    CLASS,
    EVERYBODY,
    GUARDIAN,
    LINKED,
    OWNER,
    PUPIL,
    SCHOOL,
    SCHOOL_OPENS,
    SUSPENDED,
    TEACHER,
    Seen,
    TargetContract,
    made,
    moved,
    removed,
    roster_of,
    with_near,
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made_for_test = Lab(tmp_path)
    with made_for_test.server:
        yield made_for_test


class TestCanvas(TargetContract):
    lab: Lab
    excuse = "it fails"

    @pytest.fixture(autouse=True)
    def _site(self, lab: Lab) -> None:
        self.lab = lab

    def make(self, place: Path) -> Target:
        return self.lab.target()

    def seen(self, target: Target, place: Path) -> Seen:
        return self.lab.seen()

    def test_existing_users_are_listed_with_what_recognises_them(self, target: Target) -> None:
        """Canvas holds no national number, and lists whoever is suspended like anybody else."""
        self.deliver(target, *EVERYBODY, moved(LINKED, SUSPENDED, phase=5))
        users = {user.target_key: user for user in target.existing()}
        assert set(users) == {"guardian", "pupil", "teacher"}
        assert (users["pupil"].login, users["pupil"].national_number) == ("ase", "")

    @contextmanager
    def taking_nothing(self) -> Iterator[None]:
        """Nothing of ours is written here; a site that fails is what can happen instead."""
        self.lab.server.faults.switch("503")
        yield
        self.lab.server.faults.clear()


def deliver(target: Target, *deliveries: Delivery, past: tuple[Delivery, ...] = ()) -> list[Outcome]:
    roster = roster_of((*past, *deliveries))
    return list(target.deliver(with_near(deliveries, roster), roster))


def uploaded(lab: Lab) -> dict[str, list[dict[str, str]]]:
    """The files of the last upload."""
    with ZipFile(io.BytesIO(lab.site.uploads[-1])) as archive:
        return {name: list(csv.DictReader(io.StringIO(archive.read(name).decode()))) for name in archive.namelist()}


def test_it_is_found_by_its_type() -> None:
    assert "canvas" in types()
    assert settings_type("canvas") is Settings


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_the_zip_holds_the_six_files_with_a_status_in_every_row(lab: Lab) -> None:
    deliver(lab.target(), *EVERYBODY)
    files = uploaded(lab)
    assert list(files) == [
        f"{name}.csv" for name in ("accounts", "courses", "sections", "users", "enrollments", "user_observers")
    ]
    assert {row["status"] for rows in files.values() for row in rows} == {"active"}
    assert [row["account_id"] for row in files["accounts.csv"]] == ["owner", "school"]
    assert files["courses.csv"][0] == {
        "course_id": "class",
        "short_name": "8A",
        "long_name": "Klasse 8A",
        "account_id": "school",
        "status": "active",
    }


def test_canvas_is_never_asked_to_find_differences_itself(lab: Lab) -> None:
    deliver(lab.target(override_edits=True), *EVERYBODY)
    upload = next(asked for asked in lab.server.asked if asked.method == "POST")
    assert dict(upload.query) == (
        {"import_type": "instructure_csv", "extension": "zip", "override_sis_stickiness": "true"}
    )


def test_only_what_changed_is_sent_and_what_ended_is_sent_as_deleted(lab: Lab) -> None:
    target = lab.target()
    deliver(target, *EVERYBODY)
    ended = replace(LINKED, memberships=(Membership("pupils", "pupil"),), guardians=())
    deliver(target, moved(LINKED, ended), past=EVERYBODY)
    files = uploaded(lab)
    assert set(files) == {"users.csv", "enrollments.csv", "user_observers.csv"}
    assert [(row["section_id"], row["status"]) for row in files["enrollments.csv"]] == (
        [("class", "deleted"), ("pupils", "active")]
    )
    assert [(row["observer_id"], row["status"]) for row in files["user_observers.csv"]] == [("guardian", "deleted")]


def test_a_parent_account_comes_before_its_children_whatever_their_ids(lab: Lab) -> None:
    owner, school = replace(OWNER, id="z"), replace(SCHOOL, id="a", parent="z")
    assert all(one.delivered for one in deliver(lab.target(), made(school), made(owner)))
    assert [row["account_id"] for row in uploaded(lab)["accounts.csv"]] == ["z", "a"]


def test_a_suspended_guardian_keeps_her_links_for_the_day_she_is_back(lab: Lab) -> None:
    target = lab.target()
    deliver(target, *EVERYBODY)
    away = moved(GUARDIAN, replace(GUARDIAN, enabled=False), phase=5)
    deliver(target, away, past=EVERYBODY)
    deliver(target, moved(LINKED, replace(LINKED, given_name="Åse Marie")), past=(*EVERYBODY, away))
    assert lab.seen().users["pupil"].agents == {"guardian"}


def test_a_guardian_whom_canvas_should_not_hold_is_counted_and_not_linked(lab: Lab) -> None:
    target = lab.target()
    assert all(one.delivered for one in deliver(target, *SCHOOL_OPENS, made(LINKED)))
    assert "user_observers.csv" not in uploaded(lab)
    assert list(target.left_out.values()) == [1]


def test_a_suspended_user_is_suspended_and_not_deleted(lab: Lab) -> None:
    target = lab.target()
    deliver(target, *EVERYBODY)
    deliver(target, moved(LINKED, SUSPENDED, phase=5), past=EVERYBODY)
    assert [row["status"] for row in uploaded(lab)["users.csv"]] == ["suspended"]


@pytest.mark.parametrize(
    ("choice", "course", "section"), [("completed", "completed", "active"), ("deleted", "deleted", "deleted")]
)
def test_an_ended_group_keeps_the_pupils_work_unless_told_otherwise(
    lab: Lab, choice: str, course: str, section: str
) -> None:
    target = lab.target(ended_groups=choice)
    deliver(target, *SCHOOL_OPENS)
    deliver(target, removed(CLASS), past=SCHOOL_OPENS)
    files = uploaded(lab)
    assert files["courses.csv"][0]["status"] == course
    assert files["sections.csv"][0]["status"] == section


def test_a_new_role_in_the_same_group_replaces_the_old(lab: Lab) -> None:
    target = lab.target(role_super_user="Superbruker")
    deliver(target, *EVERYBODY)
    raised = replace(TEACHER, memberships=(Membership("class", "super_user"),))
    deliver(target, moved(TEACHER, raised), past=EVERYBODY)
    assert [(row["role"], row["status"]) for row in uploaded(lab)["enrollments.csv"]] == (
        [("teacher", "deleted"), ("Superbruker", "active")]
    )


def test_a_guardians_class_is_left_to_the_link_and_counted(lab: Lab) -> None:
    target = lab.target()
    deliver(target, *SCHOOL_OPENS, made(replace(GUARDIAN, memberships=(Membership("class", "guardian"),))))
    assert "enrollments.csv" not in uploaded(lab)
    assert list(target.left_out.values()) == [1]
    target.sweep()
    assert not target.left_out


def test_names_with_commas_quotes_and_line_ends_arrive_as_they_are(lab: Lab) -> None:
    odd = replace(TEACHER, given_name='Ø "Bob", jr\n', family_name="=cmd")
    assert all(one.delivered for one in deliver(lab.target(), *SCHOOL_OPENS, made(odd), made(PUPIL)))
    row = lab.site.tables["users"]["teacher",]
    assert (row["first_name"], row["last_name"]) == ('Ø "Bob", jr ', "=cmd")


def test_a_user_without_a_login_gets_her_key_and_never_her_national_number(lab: Lab) -> None:
    deliver(lab.target(), *SCHOOL_OPENS, made(replace(PUPIL, fields=(("national_number", "05810890051"),))))
    assert uploaded(lab)["users.csv"][0]["login_id"] == "pupil"
    assert b"05810890051" not in b"".join(repr(row).encode() for rows in uploaded(lab).values() for row in rows)


# -- what canvas makes of it ------------------------------------------------------------------------------------------


def test_a_login_already_taken_fails_that_user_alone_and_names_nobody(lab: Lab) -> None:
    twin = replace(PUPIL, id="twin", person="p-5", given_name="Nils")
    outcomes = {one.id: one for one in deliver(lab.target(), *EVERYBODY[:5], made(PUPIL), made(twin))}
    assert [one.id for one in outcomes.values() if not one.delivered] == ["twin"]
    refused = outcomes["twin"]
    assert refused.trouble == "refused"
    assert "another user's" in refused.reason
    assert "import 1" in refused.reason
    assert not any(word in refused.reason for word in ("Nils", "Lie", "Åse", "ase "))


def test_a_row_that_refers_to_nothing_fails_its_own_delivery(lab: Lab) -> None:
    lost = replace(TEACHER, memberships=(Membership("nowhere", "staff"),))
    outcomes = {one.id: one for one in deliver(lab.target(), *SCHOOL_OPENS, made(PUPIL), made(lost))}
    assert [one.id for one in outcomes.values() if not one.delivered] == ["teacher"]
    assert "something that Canvas does not have" in outcomes["teacher"].reason


def test_what_is_not_there_need_not_be_deleted(lab: Lab) -> None:
    target = lab.target()
    deliver(target, *SCHOOL_OPENS, made(GUARDIAN), made(PUPIL))
    del lab.site.tables["users"]["guardian",]  # by hand
    left = (*SCHOOL_OPENS, made(LINKED))
    assert [one.delivered for one in deliver(target, moved(LINKED, PUPIL, phase=0), past=left)] == [True]


def test_messages_without_a_row_are_counted_for_the_report(lab: Lab) -> None:
    lab.site.faults.switch("lineless")
    target = lab.target()
    twin = replace(PUPIL, id="twin", person="p-5", memberships=())
    assert all(one.delivered for one in deliver(target, *SCHOOL_OPENS, made(PUPIL), made(twin)))
    assert {sentence: count for sentence, count in target.left_out.items() if "names no row" in sentence}
    assert "Lie" not in str(target.left_out)


def test_an_older_canvas_has_its_messages_in_the_import_itself(lab: Lab) -> None:
    lab.site.faults.switch("old")
    target = lab.target()
    deliver(target, *SCHOOL_OPENS, made(PUPIL), made(replace(PUPIL, id="twin", person="p-5", memberships=())))
    assert sum(target.left_out.values()) == 1


def test_a_hundred_messages_and_more_are_read_to_the_last_page(lab: Lab) -> None:
    deliver(lab.target(), *SCHOOL_OPENS, made(PUPIL))
    twins = [made(replace(PUPIL, id=f"twin-{number:03}", memberships=())) for number in range(150)]
    outcomes = deliver(lab.target(), *twins)
    assert sum(not one.delivered for one in outcomes) == 150


# -- trouble ----------------------------------------------------------------------------------------------------------


def test_an_import_is_waited_for_with_growing_pauses(lab: Lab) -> None:
    lab.site.polls = 4
    deliver(lab.target(), *EVERYBODY)
    assert lab.clock.waits == [1, 2, 4, 8]


def test_another_import_that_runs_is_waited_for(lab: Lab) -> None:
    lab.site.busy = 3
    assert all(one.delivered for one in deliver(lab.target(), *EVERYBODY))
    assert len(lab.site.uploads) == 1


def test_another_import_that_never_ends_asks_for_fewer_calls(lab: Lab) -> None:
    lab.site.busy = 1000
    with pytest.raises(TargetFaltering, match="another import was running all the time") as told:
        deliver(lab.target(), *EVERYBODY)
    assert told.value.overloaded
    assert 7000 < sum(lab.clock.waits) <= 7200


def test_an_import_that_never_ends_is_given_up(lab: Lab) -> None:
    lab.site.faults.switch("stuck")
    with pytest.raises(TargetUnavailable, match=r"import 1 is not through after 2:00:00.*run the sync again"):
        deliver(lab.target(), *EVERYBODY)


def test_an_import_that_failed_half_way_tells_who_is_to_blame_and_sends_the_others_again(lab: Lab) -> None:
    target = lab.target()
    deliver(target, *SCHOOL_OPENS)
    lab.site.faults.switch("failed")
    outcomes = deliver(target, made(GUARDIAN), made(PUPIL), made(TEACHER), past=SCHOOL_OPENS)
    assert [(one.delivered, one.trouble) for one in outcomes] == (
        [(False, "unknown"), (False, "refused"), (False, "unknown")]
    )
    lab.site.faults.clear()
    assert all(one.delivered for one in deliver(target, *EVERYBODY))


@pytest.mark.parametrize("fault", ["aborted", "broken"])
def test_an_import_that_says_nothing_of_why_it_ended_changes_nothing(lab: Lab, fault: str) -> None:
    lab.site.faults.switch(fault)
    with pytest.raises(TargetUnavailable, match=r"did not carry out import 1 .*read its messages in Canvas"):
        deliver(lab.target(), *EVERYBODY)
    assert lab.seen() == Seen(frozenset(), frozenset(), {})


@pytest.mark.parametrize(
    ("fault", "path", "sentence"),
    [
        ("401", "sis_imports", r"does not accept our credentials \(401\)"),
        ("401", "sis_imports/1", r"does not accept our credentials \(401\)"),
        ("403", "sis_imports", "may not do this"),
        ("html", "sis_imports", "a login page answers in its place"),
        ("html", "sis_imports/1", "a login page answers in its place"),
        ("cut", "sis_imports", "broke off|connection was lost"),
        ("500", "sis_imports/1", "it fails"),
    ],
)
def test_a_site_that_answers_wrongly_is_told_without_a_secret(lab: Lab, fault: str, path: str, sentence: str) -> None:
    lab.server.faults.switch(fault, path=path)
    with pytest.raises(TargetUnavailable, match=sentence) as told:
        deliver(lab.target(), *EVERYBODY)
    assert "token of the lab" not in str(told.value)
    lab.server.faults.clear()
    assert all(one.delivered for one in deliver(lab.target(), *EVERYBODY))
    assert set(lab.seen().users) == {"guardian", "pupil", "teacher"}


def test_an_upload_whose_answer_is_lost_is_sent_again_and_does_no_harm(lab: Lab) -> None:
    lab.server.faults.switch("cut", times=1, path="sis_imports")
    with pytest.raises(TargetUnavailable):
        deliver(lab.target(), *EVERYBODY)
    assert len(lab.site.uploads) == 1  # it did arrive
    deliver(lab.target(), *EVERYBODY)
    assert lab.seen().users["guardian"].agents == {"pupil"}


def test_a_server_that_is_not_there_is_told(lab: Lab) -> None:
    target = lab.target(url="http://127.0.0.1:1")
    with pytest.raises(TargetUnavailable, match="it cannot be reached"):
        deliver(target, *EVERYBODY)
    (sentence,) = target.check()
    assert "cannot be reached" in sentence


def test_check_tells_of_a_role_that_the_account_does_not_have(lab: Lab) -> None:
    assert lab.target().check() == []
    lab.site.roles.append(("Faglærer", "TeacherEnrollment"))
    assert lab.target(role_staff="Faglærer").check() == []
    (sentence,) = lab.target(role_staff="Faglaerer", role_super_user="Faglærer").check()
    assert sentence.startswith('it has no role "Faglaerer" in courses; there are Faglærer, ')
    (sentence,) = lab.target(role_school_leader="Admin").check()
    assert 'no role "Admin" in courses' in sentence  # a role over accounts, which no enrolment can have


def test_a_list_that_goes_round_is_given_up(lab: Lab) -> None:
    lab.site.faults.switch("circle")
    deliver(lab.target(), *EVERYBODY)
    with pytest.raises(TargetUnavailable, match="go round"):
        list(lab.target().existing())


def test_no_call_is_made_without_deliveries(lab: Lab) -> None:
    assert deliver(lab.target()) == []
    assert lab.server.asked == []


def test_a_missing_token_is_told_with_its_line(lab: Lab, tmp_path: Path) -> None:
    target = lab.target(token=Secret("file", str(tmp_path / "gone"), "rostersync.toml:9"))
    with pytest.raises(UserMistake, match=r"rostersync\.toml:9"):
        deliver(target, *EVERYBODY)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": "http://kommune.instructure.com"}, "is not encrypted"),
        ({"url": "https://user@kommune.instructure.com"}, "holds no user name"),
        ({"account": "../1"}, "is no number of an account"),
        ({"role_pupil": ""}, "refuses an enrolment without a role"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, str], sentence: str) -> None:
    token = Secret("env", "CANVAS_TOKEN", "rostersync.toml:9")
    with pytest.raises(UserMistake, match=sentence):
        Canvas("lms", Settings(**{"url": "https://kommune.instructure.com", "token": token, **wrong}))  # type: ignore[arg-type]
