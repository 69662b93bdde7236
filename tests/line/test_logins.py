"""No two users with one login, and new users who wait for theirs; merges of two users into one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.desire import Rules, desire
from rostersync.drafting import Context, Logins, draft_person, settle_logins, withhold
from rostersync.model import Card, Delivery, Desired, Draft, Gone, Known, Life, Local, User
from rostersync.plan import END, PERSON, RELEASE, REVOKE
from rostersync.settling import settle
from tests.line.builders import IDS, ROLES, TODAY, claim, group, known, tie, user
from tests.line.worlds import Holds, Nothing, context, steps

DAY = timedelta(days=1)


def named(id_: str, login: str = "", **changes: Any) -> User:
    """A user with that login."""
    return user(id_, fields=(("feide_id", login),) if login else (), **changes)


def person(user_: User | None, *, gone: str = "", **changes: Any) -> Desired:
    """Somebody wanted as that user, or gone."""
    if user_:
        return Desired(f"person-of-{user_.id}", (user_,), **changes)
    return Desired(f"person-of-{gone}", gone=(Gone(gone, "school", "absent", keeps_ties=True),), **changes)


Town = list[tuple[Desired, dict[str, Known]]]


def there(value: User, life: Life = Life()) -> dict[str, Known]:  # noqa: B008 - it is frozen
    return {value.id: known(value, life)}


def drafts(town: Town, **changes: Any) -> list[Draft]:
    surroundings: Context = context(logins=settle_logins(town), **changes)
    return [
        draft
        for desired, own in town
        for draft in draft_person(withhold(desired, surroundings.logins), own, surroundings)
    ]


def deliveries(made: Iterable[Draft], verdict: Any = None) -> list[Delivery]:
    """Everything that is delivered, in the order of delivery."""
    settled = [one for draft in made for one in settle(draft, verdict or Nothing()).deliveries]
    return sorted(settled, key=lambda one: (one.phase, one.id))


def held(value: object) -> str:
    return dict(value.fields).get("feide_id", "") if isinstance(value, User) else ""


# -- a login that its source has lost ---------------------------------------------------------------------------------

FADING = (("feide_id", "x"),)


def test_a_login_that_its_source_has_lost_stays_while_nobody_else_is_listed_with_it() -> None:
    assert drafts([(person(named("a", "x"), fading=FADING), there(named("a", "x")))]) == []


def test_whoever_is_listed_with_it_takes_it_and_nobody_is_asked() -> None:
    town: Town = [
        (person(named("a", "x"), fading=FADING), there(named("a", "x"))),
        (person(named("b", "x")), {}),
    ]
    assert settle_logins(town).questions == ()
    told = [(one.phase, one.id, held(one.after)) for one in deliveries(drafts(town))]
    assert told == [(RELEASE, "a", ""), (PERSON, "b", "x")]


def test_it_is_not_taken_back_on_the_next_day() -> None:
    town: Town = [
        (person(named("a", "x"), fading=FADING), there(named("a"))),
        (person(named("b", "x")), there(named("b", "x"))),
    ]
    assert settle_logins(town).questions == ()
    assert drafts(town) == []


def test_of_two_whose_source_has_lost_them_whoever_has_it_keeps_it() -> None:
    town: Town = [
        (person(named("b", "x"), fading=FADING), {}),
        (person(named("c", "x"), fading=FADING), there(named("c", "x"))),
    ]
    assert [(one.id, held(one.after)) for one in deliveries(drafts(town))] == [("b", "")]


def test_a_user_whom_no_sync_may_touch_keeps_even_that() -> None:
    town: Town = [
        (person(named("a", "x"), fading=FADING), there(named("a", "x"), Life(hold="a reason"))),
        (person(named("b", "x")), {}),
    ]
    assert [(one.id, held(one.after)) for one in deliveries(drafts(town))] == [("b", "")]


# -- given up before it is taken ------------------------------------------------------------------------------------


def test_whoever_gives_a_login_up_comes_before_whoever_takes_it() -> None:
    town: Town = [(person(named("a", "new")), there(named("a", "x"))), (person(named("b", "x")), {})]
    told = [(one.phase, one.id, held(one.after)) for one in deliveries(drafts(town))]
    assert told == [(RELEASE, "a", ""), (PERSON, "a", "new"), (PERSON, "b", "x")]


def test_a_rename_to_a_login_that_nobody_has_is_one_update() -> None:
    (draft,) = drafts([(person(named("a", "new")), there(named("a", "x")))])
    assert steps(draft) == ["person.update"]


@pytest.mark.parametrize("life", [Life("departed", "absent", TODAY), Life("suspended", "absent", TODAY, TODAY)])
def test_whoever_is_gone_loses_the_login_and_nothing_else(life: Life) -> None:
    old = named("a", "x", groups=("8a",))
    town: Town = [(person(None, gone="a"), there(old, life)), (person(named("b", "X")), {})]
    first = drafts(town)[0]
    assert steps(first) == ["person.release feide_id"]
    assert (first.wanted, first.life) == (replace(old, fields=()), life)


def test_a_suspended_user_whose_login_nobody_wants_keeps_it() -> None:
    life = Life("suspended", "absent", TODAY, TODAY)
    assert drafts([(person(None, gone="a"), there(named("a", "x"), life)), (person(named("b", "y")), {})])[0].id == "b"


@pytest.mark.parametrize(
    "keeper",
    [
        (person(named("a", "x")), there(named("a", "x"))),
        (person(None, gone="a", pinned=True), there(named("a", "x"))),
        (person(None, gone="a"), there(named("a", "x"), Life(hold="a case is open"))),
        (person(None, gone="a"), there(named("a", "x", role="system_administrator"))),
    ],
    ids=["claims it still", "pinned", "held", "administrator"],
)
def test_whoever_may_keep_a_login_keeps_it_and_the_other_goes_without(keeper: tuple[Desired, dict[str, Known]]) -> None:
    town: Town = [keeper, (person(named("b", "x")), {})]
    logins = settle_logins(town)
    assert (logins.released, logins.withheld) == ({}, {"b": frozenset({"feide_id"})})
    assert [(one.code, one.about) for one in logins.questions] == [("login_taken", ("person-of-b", "person-of-a"))]
    assert [held(draft.wanted) for draft in drafts(town) if draft.id == "b"] == [""]


def test_a_login_goes_over_only_when_the_rename_that_frees_it_may() -> None:
    town: Town = [
        (person(named("a", "new")), there(named("a", "x"))),
        (person(named("b", "x")), there(named("b", "y"))),
    ]
    made = drafts(town)

    class Waits(Holds):
        def holds(self, change: Any) -> bool:
            return ("person", "update", "north") in change.needs or super().holds(change)

    assert deliveries(made, Waits("person.update")) == []


LOGINS = st.sampled_from(["", "x", "y", "z"])
LIVES = st.sampled_from([Life(), Life("departed", "absent", TODAY), Life("suspended", "absent", TODAY, TODAY)])
EXAMPLES = int(os.environ.get("ROSTERSYNC_PROOF_EXAMPLES", "200"))


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """Up to four people with logins out of three; what the LMS holds has no login twice."""
    free = draw(st.permutations(["x", "y", "z", "", ""]))
    town: Town = []
    for number in range(draw(st.integers(1, 4))):
        id_ = f"u{number}"
        own = there(named(id_, free[number]), draw(LIVES)) if draw(st.booleans()) else {}
        wanted = draw(st.booleans()) or not own
        town.append((person(named(id_, draw(LOGINS))) if wanted else person(None, gone=id_), own))
    return town


@settings(max_examples=EXAMPLES, deadline=None)
@given(towns(), st.randoms(use_true_random=False))
def test_no_delivery_ever_leaves_two_users_with_one_login(town: Town, mixed: Any) -> None:
    lms = {user_id: held(one.value) for _, own in town for user_id, one in own.items()}
    answer = settle_logins(town)
    mixed.shuffle(town)
    assert settle_logins(town) == answer, "whatever the order of people"
    for delivery in deliveries(drafts(town)):
        lms[delivery.id] = held(delivery.after)
        taken = [login for login in lms.values() if login]
        assert len(taken) == len(set(taken))
    wanted = {one.id for desired, _ in town for one in desired.users if held(one)}
    assert {user_id for user_id in wanted if not lms[user_id]} == set(answer.withheld)


def after(town: Town) -> Town:
    """The morning after."""
    moved = {one.id: one for one in deliveries(drafts(town))}
    return [
        (desired, {id_: _moved(one, moved.get(id_)) for id_, one in _all(desired, own, moved).items()})
        for desired, own in town
    ]


def _all(desired: Desired, own: Mapping[str, Known], moved: Mapping[str, Delivery]) -> dict[str, Known]:
    new = {one.id: known(one) for one in desired.users if one.id in moved and one.id not in own}
    return {**own, **new}


def _moved(one: Known, delivery: Delivery | None) -> Known:
    return replace(one, value=delivery.after, life=delivery.life) if delivery and delivery.after else one


@settings(max_examples=EXAMPLES, deadline=None)
@given(towns())
def test_the_plan_after_it_gives_no_login_away_again(town: Town) -> None:
    assert [draft.id for draft in drafts(after(town)) for one in draft.changes if one.action == "release"] == []


# -- waiting for a login --------------------------------------------------------------------------------------------

WAITING = Rules(ROLES, login_wait=3)


def newcomer(since: date | None = TODAY, role: str = "pupil", **values: str) -> Card:
    return Card("p", (claim(**values),), (tie(group("8a"), role),), since=since)


def test_a_new_user_without_login_waits_and_comes_up_by_herself() -> None:
    desired = desire(newcomer(), WAITING, IDS, TODAY)
    assert desired.awaiting == (IDS.user("p", "school"),)
    assert desired.next_change_on == TODAY + 3 * DAY
    assert draft_person(desired, {}, context()) == []


def test_when_the_days_are_over_she_is_created_and_it_is_said_why() -> None:
    desired = desire(newcomer(), WAITING, IDS, TODAY + 3 * DAY)
    assert (desired.awaiting, desired.without_login) == ((), (IDS.user("p", "school"),))
    (draft,) = draft_person(desired, {}, context())
    assert draft.changes[0].reason == "new in the sources, and still without a login"


@pytest.mark.parametrize(
    ("card", "rules"),
    [
        (newcomer(login="kari"), WAITING),
        (newcomer(None), WAITING),
        (newcomer(), Rules(ROLES)),
        (newcomer(), Rules(replace(ROLES, release={"pupil": ("national_number",)}), login_wait=3)),
    ],
    ids=["has one", "nobody knows since when", "nobody waits here", "her role carries none"],
)
def test_nobody_else_waits(card: Card, rules: Rules) -> None:
    desired = desire(card, rules, IDS, TODAY)
    assert (desired.awaiting, desired.without_login) == ((), ())


def test_whoever_has_a_user_already_is_changed_as_ever() -> None:
    desired = desire(newcomer(given_name="Nora"), WAITING, IDS, TODAY)
    own = known(replace(desired.users[0], given_name="Kari"))
    assert [steps(draft) for draft in draft_person(desired, {own.id: own}, context())] == [["person.update"]]


# -- one human with two users ---------------------------------------------------------------------------------------


def merged(**changes: Any) -> Draft | None:
    card = Card("p", local=Local(same_as="other"))
    id_ = IDS.user("p", "school")
    own = known(user(id_, groups=("8a",), guardians=("mother",)), **changes)
    made = draft_person(desire(card, WAITING, IDS, TODAY), {id_: own}, context())
    return made[0] if made else None


def test_a_merge_ends_links_at_once_and_the_user_when_it_is_approved() -> None:
    draft = merged()
    assert draft is not None
    assert steps(draft) == ["guardianship.end mother", "person.merge"]
    (ended,) = settle(draft, Holds("person.merge")).deliveries
    assert (ended.phase, ended.life) == (REVOKE, Life())
    last = settle(draft, Nothing()).deliveries[-1]
    assert isinstance(last.after, User)
    assert (last.phase, last.after.enabled, last.after.memberships) == (END, False, ())
    assert (last.life.state, last.life.reason) == ("suspended", "the same human as another person")


def test_a_user_who_was_merged_stays_as_she_is() -> None:
    assert merged(life=Life("suspended", "the same human as another person", TODAY, TODAY)) is None


def test_nothing_is_said_of_logins_where_there_are_none() -> None:
    assert settle_logins([(person(named("a")), {})]) == Logins()
