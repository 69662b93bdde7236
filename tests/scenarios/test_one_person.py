"""One person out of several sources: who is recognised, who is asked about, and what people decide."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rostersync.errors import UserMistake
from rostersync.model import Known, User
from tests.scenarios.region import BORN, IST, VIS, Region, pupil
from tests.scenarios.town import Human, national_number

NUMBER = national_number(BORN, 500)
D_NUMBER = "43821060061"
JUNE, JULY, AUGUST, SEPTEMBER = date(2026, 6, 5), date(2026, 7, 10), date(2026, 8, 20), date(2026, 9, 5)
LOGIN = "lund@skole.example"


@pytest.fixture
def region(tmp_path: Path) -> Region:
    """Two systems: one for grunnskole, one for videregående."""
    return Region(tmp_path)


def moves_up(region: Region, in_june: dict[str, str], in_august: dict[str, str]) -> tuple[str, str]:
    """Kari is in 10A in June and in Vg1 in August; gives the ids of her LMS user then and then."""
    region.worlds[IST].put(*pupil("ist-kari", "10A", **in_june))
    region.night(JUNE)
    before = region.users("ist-kari")["school"].id
    region.worlds[IST].drop("ist-kari")
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", **in_august))
    region.night(AUGUST)
    return before, region.users("vis-kari")["school"].id


# -- from 10th grade to upper secondary -----------------------------------------------------------------------------


def test_with_a_national_number_she_is_the_same_user_in_august(region: Region) -> None:
    before, after = moves_up(region, {"number": NUMBER}, {"number": NUMBER})
    assert before == after
    assert region.classes("vis-kari") == {"10A", "1STA"}, "nothing is taken away in summer"
    region.night(SEPTEMBER)
    assert region.classes("vis-kari") == {"1STA"}
    assert region.users("vis-kari")["school"].life.state == "active"
    assert region.questions() == []


@pytest.mark.parametrize("vis", [NUMBER, D_NUMBER])
def test_a_d_number_that_ended_in_july_still_means_her(region: Region, vis: str) -> None:
    """Whether the new school has heard of it or not."""
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=D_NUMBER))
    region.night(JUNE)
    region.worlds[IST].change("ist-kari", number=NUMBER)
    region.night(JULY)
    before = region.users("ist-kari")["school"].id
    region.worlds[IST].drop("ist-kari")
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", number=vis))
    region.night(AUGUST)
    assert region.users("vis-kari")["school"].id == before
    assert region.questions() == []


def test_without_a_number_login_and_birth_date_together_mean_her(region: Region) -> None:
    before, after = moves_up(region, {"feide": LOGIN}, {"feide": LOGIN})
    assert before == after
    assert region.questions() == []


def test_a_login_alone_means_nobody_and_is_asked(region: Region) -> None:
    before, after = moves_up(region, {"feide": LOGIN}, {"feide": LOGIN, "born": None})  # type: ignore[dict-item]
    assert before != after
    assert region.questions() == ["feide_id_only"]


def test_one_name_one_birth_date_and_one_school_are_not_one_person(region: Region) -> None:
    before, after = moves_up(region, {}, {})
    assert before != after
    assert region.questions() == [], "names are no key, so there is nothing to ask either"


def test_after_three_weeks_in_no_system_she_is_the_same_user(region: Region) -> None:
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=NUMBER))
    region.night(SEPTEMBER)
    before = region.users("ist-kari")["school"].id
    region.worlds[IST].drop("ist-kari")
    region.night(date(2026, 9, 6))
    assert region.users("ist-kari")["school"].life.state == "departed"
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", number=NUMBER))
    region.night(date(2026, 9, 27))
    back = region.users("vis-kari")["school"]
    assert (back.id, back.life.state) == (before, "active")
    assert region.classes("vis-kari") == {"1STA"}


def test_whoever_comes_back_after_her_user_was_removed_gets_the_same_id(tmp_path: Path) -> None:
    departed = '[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "30d"\n'
    region = Region(tmp_path, extra=departed)
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=NUMBER))
    region.night(date(2026, 9, 5))
    before = region.users("ist-kari")["school"].id
    region.worlds[IST].drop("ist-kari")
    region.night(date(2026, 9, 6))
    digest = region.night(date(2026, 10, 20)).removal.digest
    approve(region, digest, date(2026, 10, 21))
    region.night(date(2026, 10, 21))
    assert region.users("ist-kari") == {}, "removed for good"
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", number=NUMBER))
    region.night(date(2026, 11, 1))
    assert region.users("vis-kari")["school"].id == before


# -- in both at once ------------------------------------------------------------------------------------------------


def test_guardians_of_one_source_follow_as_long_as_she_is_a_pupil_there(region: Region) -> None:
    mother = Human("ist-mor", "Anne", "Lund", date(1984, 5, 6))
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=NUMBER, guardians=("ist-mor",)), mother)
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", number=NUMBER))
    region.night(SEPTEMBER)
    assert followers(region) == (region.users("ist-mor")["guardian"].id,)
    region.worlds[IST].drop("ist-kari")
    report = region.night(date(2026, 9, 6))
    assert followers(region) == ()
    assert report.delivered["guardianship"] == {"end": 1}


def followers(region: Region) -> tuple[str, ...]:
    user = region.users("vis-kari")["school"].value
    assert isinstance(user, User)
    return user.guardians


def test_a_pupil_with_upper_secondary_subjects_is_one_user_in_both_schools(region: Region) -> None:
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=NUMBER))
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", "Kari Anne", number=NUMBER))
    region.night(SEPTEMBER)
    user = region.users("ist-kari")["school"].value
    assert isinstance(user, User)
    assert region.classes("ist-kari") == {"10A", "1STA"}
    assert user.given_name == "Kari", "the source that stands first in `from` counts"
    assert len(user.schools) == 2


# -- logins ---------------------------------------------------------------------------------------------------------


def login(known: Known) -> str:
    assert isinstance(known.value, User)
    return dict(known.value.fields).get("feide_id", "")


def never_two_with_one_login(region: Region) -> None:
    """What the LMS held after each request."""
    held: dict[str, str] = {}
    for request in region.requests():
        held.pop(request["id"], None)
        fields = dict((request.get("value") or {}).get("fields", ()))
        if taken := fields.get("feide_id"):
            assert taken not in held.values()
            held[request["id"]] = taken


@pytest.mark.parametrize("weeks", [1, 9])
def test_a_login_that_a_new_pupil_gets_is_taken_from_the_old_one_first(region: Region, weeks: int) -> None:
    """Whether she has only just departed or is suspended already."""
    region.worlds[IST].put(*pupil("ist-kari", "10A", feide=LOGIN))
    region.night(SEPTEMBER)
    old = region.users("ist-kari")["school"]
    region.worlds[IST].drop("ist-kari")
    region.night(date(2026, 9, 6))
    region.worlds[IST].put(*pupil("ist-nils", "10A", "Nils", date(2010, 7, 7), feide=LOGIN))
    on = date(2026, 9, 6 + 7) if weeks == 1 else date(2026, 11, 8)
    report = region.night(on)
    assert report.delivered["person"]["release"] == 1
    assert (login(region.users("ist-kari")["school"]), login(region.users("ist-nils")["school"])) == ("", LOGIN)
    assert region.users("ist-kari")["school"].life.state == ("departed" if weeks == 1 else "suspended")
    assert region.users("ist-nils")["school"].id != old.id
    never_two_with_one_login(region)
    assert region.questions() == []
    assert not region.run(on).changes, "and that was all"


@pytest.mark.both
def test_two_who_change_logins_with_each_other_never_have_one_at_once(region: Region) -> None:
    region.worlds[IST].put(
        *pupil("a", "10A", feide="a@skole.example"), *pupil("b", "10A", "Ola", feide="b@skole.example")
    )
    region.night(SEPTEMBER)
    region.worlds[IST].change("a", feide="b@skole.example").change("b", feide="a@skole.example")
    report = region.night(date(2026, 9, 6))
    assert (login(region.users("a")["school"]), login(region.users("b")["school"])) == (
        "b@skole.example",
        "a@skole.example",
    )
    assert report.delivered["person"] == {"release": 2, "update": 2}
    never_two_with_one_login(region)


def test_a_renamed_login_is_free_for_the_next_one_on_the_same_night(region: Region) -> None:
    region.worlds[IST].put(*pupil("a", "10A", feide="a@skole.example"))
    region.night(SEPTEMBER)
    region.worlds[IST].change("a", feide="aa@skole.example")
    region.worlds[VIS].put(*pupil("b", "1STA", "Ola", date(2010, 9, 9), feide="a@skole.example"))
    region.night(date(2026, 9, 6))
    assert login(region.users("b")["school"]) == "a@skole.example"
    never_two_with_one_login(region)


def test_a_login_that_two_claim_stays_where_it_is_until_one_gives_way(region: Region) -> None:
    region.worlds[IST].put(*pupil("a", "10A", feide=LOGIN))
    region.night(SEPTEMBER)
    region.worlds[VIS].put(*pupil("b", "1STA", "Ola", date(2010, 9, 9), feide=LOGIN))
    region.night(date(2026, 9, 6))
    assert (login(region.users("a")["school"]), login(region.users("b")["school"])) == (LOGIN, "")
    assert sorted(region.questions()) == ["feide_id_shared", "login_taken"]
    region.worlds[IST].change("a", feide="other@skole.example")
    region.night(date(2026, 9, 7))
    assert login(region.users("b")["school"]) == LOGIN
    assert region.questions() == []
    never_two_with_one_login(region)


def test_two_new_pupils_with_one_login_are_both_created_and_one_has_it(region: Region) -> None:
    region.worlds[IST].put(*pupil("a", "10A", feide=LOGIN))
    region.worlds[VIS].put(*pupil("b", "1STA", "Ola", date(2010, 9, 9), feide=LOGIN))
    region.night(SEPTEMBER)
    assert sorted([login(region.users("a")["school"]), login(region.users("b")["school"])]) == ["", LOGIN]
    assert "login_taken" in region.questions()


# -- waiting for a login --------------------------------------------------------------------------------------------


@pytest.mark.both
def test_a_new_pupil_without_login_waits_three_days_and_is_then_created_and_listed(tmp_path: Path) -> None:
    region = Region(tmp_path, extra='login_wait = "3d"\n')
    region.night(date(2026, 9, 1))
    region.worlds[IST].put(*pupil("ist-kari", "10A"), *pupil("ist-ola", "10A", "Ola", feide=LOGIN))
    first = region.night(date(2026, 9, 10))
    assert region.users("ist-kari") == {}
    assert region.users("ist-ola")["school"].value.enabled  # type: ignore[union-attr]
    assert first.waiting == {"new users have no login yet (login_wait)": 1}
    assert region.run(date(2026, 9, 12)).changes == {}
    third = region.run(date(2026, 9, 13))
    assert region.users("ist-kari")["school"].life.state == "active"
    assert any("1 new users still have no login" in note for note in third.notes)
    store = region.store()
    assert [one.reason for one in store.runs.outcomes(third.run)] == ["new in the sources, and still without a login"]
    store.close()


def test_a_login_that_comes_earlier_ends_the_wait(tmp_path: Path) -> None:
    region = Region(tmp_path, extra='login_wait = "3d"\n')
    region.worlds[IST].put(*pupil("ist-kari", "10A"))
    region.night(date(2026, 9, 10))
    region.worlds[IST].change("ist-kari", feide=LOGIN)
    report = region.night(date(2026, 9, 11))
    assert login(region.users("ist-kari")["school"]) == LOGIN
    assert report.notes == ()


def test_a_guardian_waits_for_no_login_and_neither_does_somebody_who_has_a_user(tmp_path: Path) -> None:
    region = Region(tmp_path, extra='login_wait = "3d"\n')
    mother = Human("ist-mor", "Anne", "Lund", date(1984, 5, 6))
    region.worlds[IST].put(*pupil("ist-kari", "10A", feide=LOGIN, guardians=("ist-mor",)), mother)
    region.night(date(2026, 9, 10))
    assert region.users("ist-mor")["guardian"].life.state == "active"
    region.worlds[IST].change("ist-kari", feide="")
    region.night(date(2026, 9, 11))
    assert login(region.users("ist-kari")["school"]) == ""


# -- people decide --------------------------------------------------------------------------------------------------


def approve(region: Region, digest: str, on: date) -> None:
    now = datetime(on.year, on.month, on.day, 4, 0, tzinfo=UTC)
    store = region.store()
    store.approvals.approve(digest, "oslo", "it is right", "tester", now, now + timedelta(days=7))
    store.close()


def decide(region: Region, what: str, one: str, other: str, on: date) -> None:
    """What the command line does."""
    now = datetime(on.year, on.month, on.day, 8, 0, tzinfo=UTC)
    store = region.store()
    with store.begin():
        reached = store.cards.neighbourhood([one, other])
        (store.joining.join if what == "link" else store.joining.part)(one, other, "tester", now)
        store.cards.mark_dirty("lms", {*reached, *store.cards.neighbourhood([one, other])}, now)
        store.close_answered(now)
    store.close()


def two_known(region: Region) -> tuple[str, str]:
    """Kari is somebody in each system, until IST hears of the number that Visma has for her."""
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=D_NUMBER, guardians=("ist-mor",)))
    region.worlds[IST].put(Human("ist-mor", "Anne", "Lund", date(1984, 5, 6)))
    region.worlds[VIS].put(*pupil("vis-kari", "1STA", number=NUMBER))
    region.night(SEPTEMBER)
    region.worlds[IST].change("ist-kari", number=NUMBER)
    region.night(date(2026, 9, 6))
    return region.who("ist-kari"), region.who("vis-kari")


@pytest.mark.both
def test_both_known_is_asked_and_a_link_makes_one_user_of_two_when_somebody_approves(region: Region) -> None:
    ist, vis = two_known(region)
    assert ist != vis
    assert region.questions() == ["number_of_another"]
    older, newer = region.users("ist-kari")["school"], region.users("vis-kari")["school"]
    decide(region, "link", vis, ist, date(2026, 9, 6))
    assert region.questions() == []
    report = region.night(date(2026, 9, 7))
    kept = region.who("vis-kari")
    assert kept == region.who("ist-kari") == ist, "the older one survives"
    assert region.classes("ist-kari") == {"10A", "1STA"}
    assert [(one.kind, one.action) for one in report.held] == [("person", "merge")]
    assert state_of(region, newer).life.state == "active"
    approve(region, report.held[0].digest, date(2026, 9, 8))
    region.night(date(2026, 9, 8))
    gone = state_of(region, newer)
    assert (gone.life.state, gone.life.reason) == ("suspended", "the same human as another person")
    assert state_of(region, older).life.state == "active"
    assert not region.night(date(2026, 9, 9)).changes


def state_of(region: Region, known: Known) -> Known:
    store = region.store()
    found = store.known.get("lms", known.id)
    store.close()
    assert found is not None
    return found


@pytest.mark.both
def test_a_wrong_link_is_undone_with_everything_where_it_was(region: Region) -> None:
    ist, vis = two_known(region)
    before = {id_: state_of(region, region.users(id_)["school"]) for id_ in ("ist-kari", "vis-kari")}
    decide(region, "link", ist, vis, date(2026, 9, 6))
    report = region.night(date(2026, 9, 7))
    approve(region, report.held[0].digest, date(2026, 9, 8))
    region.night(date(2026, 9, 8))
    decide(region, "unlink", ist, vis, date(2026, 9, 8))
    region.night(date(2026, 9, 9))
    assert (region.who("ist-kari"), region.who("vis-kari")) == (ist, vis)
    assert {id_: state_of(region, region.users(id_)["school"]) for id_ in ("ist-kari", "vis-kari")} == before
    region.worlds[IST].change("ist-kari", given="Kari Anne")
    region.night(date(2026, 9, 10), full=True)
    assert (region.who("ist-kari"), region.who("vis-kari")) == (ist, vis), "it survives every reading"
    assert region.questions() == [], "and is not asked again"


def test_what_people_joined_stays_joined_whatever_the_sources_say(region: Region) -> None:
    ist, vis = two_known(region)
    decide(region, "link", ist, vis, date(2026, 9, 6))
    region.worlds[IST].change("ist-kari", number="", given="Karianne")
    region.worlds[VIS].drop("vis-kari")
    region.night(date(2026, 9, 7))
    region.worlds[VIS].put(*pupil("vis-kari", "1STA"))
    region.night(date(2026, 9, 8), full=True)
    assert region.who("vis-kari") == region.who("ist-kari") == ist


@pytest.mark.parametrize("keeps", ["rest", "out"])
def test_a_wrong_number_made_one_of_two_and_a_human_says_who_keeps_the_user(region: Region, keeps: str) -> None:
    region.worlds[IST].put(*pupil("ist-kari", "10A", number=NUMBER))
    region.worlds[VIS].put(*pupil("vis-nora", "1STA", "Nora", number=NUMBER))
    region.night(SEPTEMBER)
    both = region.who("ist-kari")
    assert region.who("vis-nora") == both
    split(region, both, keeps)
    region.night(date(2026, 9, 6))
    kept, new = ("ist-kari", "vis-nora") if keeps == "rest" else ("vis-nora", "ist-kari")
    assert region.who(kept) == both != region.who(new)
    assert (region.classes("ist-kari"), region.classes("vis-nora")) == ({"10A"}, {"1STA"})
    region.worlds[VIS].change("vis-nora", given="Nora Marie")
    region.night(date(2026, 9, 7), full=True)
    assert region.who(kept) == both != region.who(new)
    assert region.questions() == []


def split(region: Region, person: str, keeps: str) -> None:
    now = datetime(2026, 9, 5, 8, 0, tzinfo=UTC)
    store = region.store()
    with store.begin():
        (record,) = (one.name for one in store.joining.records(person) if one.source == VIS)
        new = store.splitting.split(person, [record], "out" if keeps == "out" else "rest", "tester", now)
        store.cards.mark_dirty("lms", store.cards.neighbourhood([person, new]), now)
    store.close()


def test_a_denial_holds_for_whoever_a_pupil_or_guardian_turns_out_to_be(region: Region) -> None:
    ist, vis = two_known(region)
    store = region.store()
    mother = region.who("ist-mor")
    store.decisions.deny(vis, mother, "court order", None, "tester", datetime(2026, 9, 6, 7, 0, tzinfo=UTC))
    store.close()
    decide(region, "link", ist, vis, date(2026, 9, 6))
    region.night(date(2026, 9, 7))
    assert followers(region) == ()


def test_whoever_is_protected_is_joined_with_nobody(region: Region) -> None:
    ist, vis = two_known(region)
    store = region.store()
    store.decisions.protect(vis, "withhold", "secret address", "tester", datetime(2026, 9, 6, 7, 0, tzinfo=UTC))
    assert store.questions.open_ones() == []
    store.close()
    with pytest.raises(UserMistake, match="protected; end that first: rostersync unprotect"):
        decide(region, "link", ist, vis, date(2026, 9, 6))
