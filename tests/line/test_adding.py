"""A directory of logins adds to what the school systems say: nobody is here, or gone, on its word."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from rostersync.desire import Rules, desire
from rostersync.desire.adding import heard
from rostersync.desire.seen import Seen, see
from rostersync.model import Card, GroupFact, OwnClaim, RoleModel, School, TieFact
from tests.line.builders import IDS, ROLES

TODAY = date(2026, 11, 22)
NUMBER = "15881250036"


def rules(**keys: object) -> Rules:
    """Rules of a sync in which Feide only adds, and its national number only recognises."""
    usual: dict[str, object] = {"adding": frozenset({"feide"}), "matching": {"feide": frozenset({"national_number"})}}
    roles: RoleModel = ROLES
    return Rules(roles=roles, **(usual | keys))  # type: ignore[arg-type]


def claim(source: str, *, present: bool = True, left: str = "", **values: str) -> OwnClaim:
    return OwnClaim(source, tuple(sorted(values.items())), present=present, left=left)


SIS = claim("everyday", given_name="Kari")
FEIDE = claim("feide", feide_id="kari@x.example", national_number=NUMBER)


def seen(*claims: OwnClaim, **keys: object) -> Seen:
    return see(Card("p", claims), rules(**keys), TODAY)


def test_it_gives_its_values_to_whom_the_school_system_has() -> None:
    assert seen(SIS, FEIDE).belief.values == {"given_name": "Kari", "feide_id": "kari@x.example"}


def test_whom_only_the_directory_still_lists_has_departed() -> None:
    belief = seen(replace(SIS, present=False), FEIDE).belief
    assert belief.absent
    assert belief.values["feide_id"] == "kari@x.example"


def test_whom_the_directory_no_longer_lists_has_not() -> None:
    belief = seen(SIS, replace(FEIDE, present=False)).belief
    assert not belief.absent
    assert belief.left == ""


def test_what_the_directory_said_last_counts_on_after_what_others_say() -> None:
    lost = replace(FEIDE, present=False)
    assert seen(SIS, lost).belief.values["feide_id"] == "kari@x.example"
    assert (
        seen(lost, replace(SIS, values=(("feide_id", "old@x.example"),))).belief.values["feide_id"] == "old@x.example"
    )


def test_what_it_says_now_counts_alone() -> None:
    newer = claim("feide", feide_id="kari2@x.example")
    for claims in ((SIS, replace(FEIDE, present=False), newer), (SIS, newer, replace(FEIDE, present=False))):
        belief = seen(*claims).belief
        assert belief.values["feide_id"] == "kari2@x.example"
        assert not any(one.lost for one in belief.believed)


def test_a_login_that_only_a_lost_record_tells_of_is_fading() -> None:
    here = claim("feide", login="Kari01")
    lost = replace(here, present=False)

    def fading(*claims: OwnClaim) -> tuple[tuple[str, str], ...]:
        return desire(Card("p", claims, (school("everyday"),)), rules(), IDS, TODAY).fading

    assert fading(SIS, lost) == (("login", "kari01"),)
    assert fading(SIS, here) == ()
    assert fading(replace(SIS, values=here.values), lost) == ()


def test_whom_only_the_directory_ever_had_is_nobody_here() -> None:
    assert seen(FEIDE).belief.absent


def test_whom_the_school_system_lists_as_left_has_left_whatever_the_directory_says() -> None:
    assert seen(replace(SIS, left="inactive"), FEIDE).belief.left == "inactive"
    assert seen(SIS, replace(FEIDE, left="disabled")).belief.left == ""


def test_of_two_school_systems_one_is_enough_to_be_here() -> None:
    belief = seen(replace(SIS, present=False), claim("sits", given_name="Kari"), FEIDE).belief
    assert not belief.absent
    assert belief.values["feide_id"] == "kari@x.example"


def test_a_number_that_only_recognises_is_never_released() -> None:
    assert "national_number" not in seen(SIS, FEIDE).belief.values
    both = seen(replace(SIS, values=(*SIS.values, ("national_number", NUMBER))), FEIDE)
    assert both.belief.values["national_number"] == NUMBER


def test_a_directory_that_owns_its_people_is_believed_like_any_source() -> None:
    assert not seen(replace(SIS, present=False), FEIDE, adding=frozenset()).belief.absent


def test_the_same_holds_for_a_ward() -> None:
    ward = Card("w", (replace(SIS, present=False), FEIDE))
    (found,) = heard(Card("p", (SIS,), wards=(ward,)), rules()).wards
    assert [one.present for one in found.claims] == [False, False]


def school(source: str) -> TieFact:
    """A tie to a school."""
    north = School("s1", "Nord skole", "974589230")
    return TieFact(GroupFact("s1", "school", "Nord", "Nord skole", north), "pupil", source)


def open_ties(*ties: TieFact) -> list[str]:
    return [one.source for one in see(Card("p", (SIS,), ties), rules(), TODAY).own]


def test_its_groups_are_added_to_those_that_a_school_system_gives() -> None:
    assert open_ties(school("everyday"), school("feide")) == ["everyday", "feide"]


def test_its_groups_alone_keep_nobody_at_a_school() -> None:
    assert open_ties(school("feide")) == []
    assert open_ties(replace(school("everyday"), end=TODAY - timedelta(days=90)), school("feide")) == []


def test_where_no_source_only_adds_nothing_is_touched() -> None:
    card = Card("p", (SIS, FEIDE))
    assert heard(card, rules(adding=frozenset(), matching={})) is card
