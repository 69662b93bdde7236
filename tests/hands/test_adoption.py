"""Taking over an LMS's users: whose each is, what stays untouched, and what the next sync makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace as with_parts

import pytest

from rostersync.adoption import Adoption, adoption, confirm_adoption
from rostersync.errors import Usage, UserMistake
from rostersync.targets import Existing
from rostersync.targets.memory import MemoryTarget, Settings
from rostersync.targets.rekeying import Rekeyed
from tests.hands.stage import Stage
from tests.scenarios.town import AUTUMN, SOURCE


@pytest.fixture
def planned(stage: Stage) -> Stage:
    """Everybody is known to the state and nobody to the LMS."""
    stage.plan(AUTUMN)
    return stage


def there(stage: Stage, target: str = "lms", **numbers: str) -> None:
    """The LMS has accounts: key -> name of the person whose national number it carries, or nothing."""
    for key, person in numbers.items():
        number = stage.world.people[person].number if person else ""
        stage.lmss[target].inner.seed(Existing(key, national_number=number))


def shown(stage: Stage, *listed: str) -> Adoption:
    """What would be adopted, with these lines of a list."""
    text = "\n".join(("target_key,key", *listed)) if listed else None
    return adoption(stage.state(), stage.parts, AUTUMN, text, "keys.csv")


def whose(made: Adoption) -> dict[str, tuple[str, str]]:
    """Account -> (given name, how it was found)."""
    return {match.target_key: (match.user.given_name, match.by) for match in made.matched}


# -- whose it is ----------------------------------------------------------------------------------------------------


def test_an_account_is_found_by_list_and_by_national_number_and_never_by_name(planned: Stage) -> None:
    there(planned, a1="kari", a2="", a3="eva")
    planned.lms.inner.seed(Existing("a4", login="Siri Aas"))
    made = shown(planned, f"a2,{SOURCE}/ola")
    assert whose(made) == {
        "a1": ("Kari", "national number"),
        "a2": ("Ola", "list"),
        "a3": ("Eva", "national number"),
    }
    assert (made.unmatched, made.doubtful) == (1, 0)


def test_an_account_is_found_by_login_where_no_number_contradicts_it(planned: Stage) -> None:
    planned.world.change("eva", feide="eva@lysvik.example")
    planned.world.change("mor", feide="anne@lysvik.example")
    planned.plan(AUTUMN)
    seed = planned.lms.inner.seed
    seed(Existing("a1", login="Eva@lysvik.example"))
    seed(Existing("a2", login="anne@lysvik.example", national_number=planned.world.people["kari"].number))
    made = shown(planned)
    assert whose(made) == {"a1": ("Eva", "login"), "a2": ("Kari", "national number")}


def test_a_login_beside_somebody_elses_number_matches_nobody(planned: Stage) -> None:
    planned.world.change("eva", feide="eva@lysvik.example")
    planned.plan(AUTUMN)
    planned.lms.inner.seed(Existing("a1", login="eva@lysvik.example", national_number="05810890051"))
    made = shown(planned)
    assert (made.matched, made.unmatched) == ((), 1)


def test_a_login_that_two_accounts_carry_tells_nothing(planned: Stage) -> None:
    planned.world.change("eva", feide="eva@lysvik.example")
    planned.plan(AUTUMN)
    for key in ("a1", "a2"):
        planned.lms.inner.seed(Existing(key, login="eva@lysvik.example"))
    made = shown(planned)
    assert (made.matched, made.doubtful, made.unmatched) == ((), 2, 0)


def test_the_list_says_whose_an_account_is_before_the_number_does(planned: Stage) -> None:
    there(planned, a1="kari", a2="")
    made = shown(planned, f"a2,{SOURCE}/kari")
    assert whose(made) == {"a2": ("Kari", "list")}
    assert made.unmatched == 1, "her other account stays as it is"


def test_an_account_that_the_list_gives_to_one_and_its_number_to_another_is_left_alone(planned: Stage) -> None:
    there(planned, a1="eva")
    made = shown(planned, f"a1,{SOURCE}/kari")
    assert (made.matched, made.doubtful, made.unmatched) == ((), 1, 0)


def test_accounts_without_a_number_are_not_each_others_twins(planned: Stage) -> None:
    there(planned, a1="", a2="", a3="")
    made = shown(planned)
    assert (made.doubtful, made.unmatched) == (0, 3)


def test_users_whom_we_made_are_neither_matched_nor_called_strangers(settled: Stage) -> None:
    there(settled, a1="kari")
    made = shown(settled)
    assert (made.matched, made.unmatched, made.doubtful) == ((), 1, 0)


@pytest.mark.parametrize("line", [f"a1,{SOURCE}/ola", f"a1,{SOURCE}/kari"], ids=["another's", "her own"])
def test_an_account_that_was_taken_over_is_never_given_to_anybody_again(planned: Stage, line: str) -> None:
    there(planned, a1="eva")
    first = f"a1,{SOURCE}/kari"
    planned.lms.inner.seed(Existing("a1"))
    digest = shown(planned, first).digest
    confirm_adoption(planned.state(), planned.parts, AUTUMN, digest, f"target_key,key\n{first}\n", "keys.csv")
    assert shown(planned, line).matched == ()
    assert shown(planned).matched == ()


def test_a_teacher_who_becomes_a_mother_keeps_her_account_for_her_work(planned: Stage) -> None:
    there(planned, a1="eva")
    confirm_adoption(planned.state(), planned.parts, AUTUMN, shown(planned).digest, None, "")
    planned.world.change("siri", guardians=("eva",))
    planned.plan(AUTUMN)
    assert shown(planned).matched == (), "her second user gets an account of its own"


def test_whoever_has_left_is_not_given_an_account(planned: Stage) -> None:
    there(planned, a1="kari")
    planned.world.change("kari", status="inaktiv")
    planned.plan(AUTUMN)
    assert shown(planned).matched == ()


def test_every_lms_has_accounts_of_its_own(two: Stage) -> None:
    two.plan(AUTUMN)
    there(two, "lms", a1="kari")
    there(two, "archive", a1="eva", a2="kari")
    made = shown(two)
    assert {(match.target, match.target_key, match.user.given_name) for match in made.matched} == {
        ("lms", "a1", "Kari"),
        ("archive", "a1", "Eva"),
        ("archive", "a2", "Kari"),
    }


# -- the list -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "target_key,key\na1,{key}\n",
        "key,target_key\n{key},a1\n",
        "target_key,key,comment\na1,{key},a teacher said so\n",
        'target_key,key\r\n"a1"," {key} "\r\n',
    ],
    ids=["plain", "the other way round", "with more columns", "quoted, spaced, from Windows"],
)
def test_a_list_is_read_however_a_spreadsheet_writes_it(planned: Stage, text: str) -> None:
    there(planned, a1="")
    made = adoption(planned.state(), planned.parts, AUTUMN, text.format(key=f"{SOURCE}/ola"), "keys.csv")
    assert whose(made) == {"a1": ("Ola", "list")}


@pytest.mark.parametrize("text", ["", "target_key;key\na1;x\n", "a1,x\n", "key\nx\n"])
def test_a_list_without_its_two_columns_is_refused_whole(planned: Stage, text: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        adoption(planned.state(), planned.parts, AUTUMN, text, "keys.csv")
    assert str(mistake.value) == 'keys.csv:1: the first line must name the columns: "target_key,key"'


def test_a_list_with_one_wrong_line_adopts_nobody_and_repeats_no_key(planned: Stage) -> None:
    there(planned, a1="", a2="")
    with pytest.raises(UserMistake) as mistake:
        shown(planned, f"a1,{SOURCE}/ola", f"a2,{SOURCE}/somebody")
    assert str(mistake.value).startswith("keys.csv:3: the key means nobody; give one of our ids")
    assert "somebody" not in str(mistake.value)


# -- the digest -----------------------------------------------------------------------------------------------------


def test_the_digest_stands_for_who_gets_what_and_not_for_the_order_of_anything(planned: Stage) -> None:
    there(planned, a1="kari", a2="", a3="")
    first = shown(planned, f"a2,{SOURCE}/ola", f"a3,{SOURCE}/siri")
    assert shown(planned, f"a3,{SOURCE}/siri", f"a2,{SOURCE}/ola").digest == first.digest
    swapped = shown(planned, f"a2,{SOURCE}/siri", f"a3,{SOURCE}/ola")
    assert swapped.digest != first.digest
    assert shown(planned).digest != first.digest


def test_what_has_moved_since_it_was_shown_is_not_adopted(planned: Stage) -> None:
    there(planned, a1="kari")
    digest = shown(planned).digest
    there(planned, a2="eva")
    with pytest.raises(Usage, match="have changed since that adoption was shown; look again: rostersync adopt oslo"):
        confirm_adoption(planned.state(), planned.parts, AUTUMN, digest, None, "")
    assert planned.known() == {}


# -- afterwards -----------------------------------------------------------------------------------------------------


def test_an_adopted_user_gets_todays_values_under_the_key_she_has(planned: Stage) -> None:
    there(planned, a1="kari", a2="mor")
    digest = shown(planned).digest
    assert confirm_adoption(planned.state(), planned.parts, AUTUMN, digest, None, "").adopted == 2
    kari = planned.known()["Kari"]
    assert (kari.target_key, kari.digest) == ("a1", ""), "nobody knows what the account holds"
    report = planned.run(AUTUMN)
    assert report.changes["person"] == {"create": 5, "update": 2}
    users = planned.lms.users()
    assert len(users["Kari"].memberships) == 2
    assert users["Kari"].guardians == (users["Anne"].id,)
    assert {one.target_key for one in planned.lms.handed if one.id == kari.id} == {"a1"}
    assert planned.run(AUTUMN, "plan", full=True).changes == {}


def test_looking_changes_nothing(planned: Stage) -> None:
    there(planned, a1="kari")
    shown(planned)
    assert (planned.known(), planned.lms.handed) == ({}, [])


def test_an_adoption_is_told_in_numbers_with_the_command_that_does_it(planned: Stage) -> None:
    there(planned, a1="kari", a2="", a3="")
    made = shown(planned, f"a2,{SOURCE}/ola")
    assert made.to_json() == {
        "digest": made.digest,
        "matched": 2,
        "by": {"national number": 1, "list": 1},
        "unmatched": 1,
        "doubtful": 0,
    }
    text = made.to_text()
    assert "2 LMS users belong to people of the sources (1 by list, 1 by national number)." in text
    assert f"rostersync apply {made.digest[:12]}" in text
    people = planned.world.people.values()
    told = text + json.dumps(made.to_json())
    assert [one.id for one in people if one.given in told or (one.number and one.number in told)] == []


def test_when_nobody_matches_there_is_nothing_to_apply(planned: Stage) -> None:
    there(planned, a1="")
    text = shown(planned).to_text()
    assert text.startswith("0 LMS users belong to people of the sources.\n1 match nobody and will never be touched.")
    assert "rostersync apply" not in text


# -- our ids as keys ------------------------------------------------------------------------------------------------


def rekeyed(stage: Stage) -> Stage:
    """The stage with an LMS whose users can be given other keys."""
    (part,) = stage.parts.targets
    stage.parts = with_parts(stage.parts, targets=(with_parts(part, target=stage.lms.inner),))
    return stage


def test_on_request_the_users_get_our_ids_as_keys(planned: Stage) -> None:
    there(planned, a1="kari", a2="")
    stage, plain = rekeyed(planned), shown(planned).digest
    made = adoption(stage.state(), stage.parts, AUTUMN, None, "", rekey=True)
    assert made.digest != plain, "what is asked for is part of what is confirmed"
    taken = confirm_adoption(stage.state(), stage.parts, AUTUMN, made.digest, None, "", rekey=True)
    assert (taken.adopted, taken.rekeyed, dict(taken.kept)) == (1, 1, {})
    kari = stage.known()["Kari"]
    assert kari.target_key == ""
    assert {one.target_key for one in stage.lms.inner.existing()} == {kari.id, "a2"}
    assert stage.run(AUTUMN).code == 0
    assert stage.known()["Kari"].digest


def test_whoever_keeps_the_key_is_adopted_with_it(planned: Stage) -> None:
    class Gone(MemoryTarget):
        """Everybody is deleted between the look and the new key."""

        def rekey(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Rekeyed]:
            return (Rekeyed(old, "refused") for old, _ in pairs)

    there(planned, a1="kari")
    planned.lms.inner = Gone("lms", Settings(path=planned.lms.path))
    stage = rekeyed(planned)
    digest = adoption(stage.state(), stage.parts, AUTUMN, None, "", rekey=True).digest
    taken = confirm_adoption(stage.state(), stage.parts, AUTUMN, digest, None, "", rekey=True)
    assert (taken.rekeyed, dict(taken.kept)) == (0, {"refused": 1})
    assert stage.known()["Kari"].target_key == "a1"


def test_a_target_that_cannot_give_other_keys_says_so(planned: Stage) -> None:
    with pytest.raises(Usage, match="lms cannot give its users other keys; leave --rekey out"):
        adoption(planned.state(), planned.parts, AUTUMN, None, "", rekey=True)
