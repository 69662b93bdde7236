"""The card of one person: what every source says of her, what follows, and why not; as JSON without a single value."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from rostersync.whycard import WhyCard, why_card
from tests.hands.stage import DAY, NEXT, Stage
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, SOURCE, Human, Tied

LISTS = {
    "grants.yaml": f"version: 1\ngrants:\n  - {{person: {SOURCE}/eva, role: school_leader, school: '974589230', reason: decided, to: 2027-06-30}}\n",
    "consents.yaml": f"version: 1\nconsents:\n  - {{pupil: {SOURCE}/ola, reason: she said yes, to: 2027-06-30}}\n",
}


def card(stage: Stage, person: str, on: date = AUTUMN) -> WhyCard:
    """The card of somebody by her id in the source."""
    return why_card(stage.state(), stage.parts, stage.town.person(person), on)


def document(stage: Stage, person: str, on: date = AUTUMN) -> dict[str, Any]:
    """Its JSON, as a program reads it."""
    return dict(json.loads(json.dumps(card(stage, person, on).to_json())))


def test_everything_is_there_of_a_pupil_with_a_guardian(settled: Stage) -> None:
    told = document(settled, "kari")
    kari, mor = settled.town.person("kari"), settled.town.person("mor")
    known = settled.known()["Kari"]
    assert (told["sync"], told["person"], told["date"]) == ("oslo", kari, "2026-10-05")
    assert told["guardianships"] == [{"pupil": kari, "adult": mor, "stands": True, "reason": ""}]
    assert told["users"] == [{"user": known.id, "face": "school", "role": "pupil", "memberships": 2}]
    assert [one["face"] for one in told["gone"]] == ["guardian"]
    assert told["targets"] == [{"target": "lms", "user": known.id, "state": "active", "reason": ""}]


def test_each_value_is_told_with_its_mapping_line_and_never_itself(settled: Stage) -> None:
    (claim,) = document(settled, "kari")["claims"]
    assert claim["fields"].keys() >= {"given_name", "family_name", "birth_date", "national_number"}
    for where in claim["fields"].values():
        name, _, line = where.partition(":")
        assert (name, line.isdecimal()) == ("ist-everyday.yaml", True)
    assert (claim["source"], claim["present"], claim["rejected"], claim["left"]) == ("everyday", True, False, "")
    assert claim["run"] == settled.state().runs.last(1)[0].id


@pytest.mark.parametrize("person", ["kari", "mor", "eva", "ola"])
def test_as_json_no_card_holds_anything_personal(settled: Stage, person: str) -> None:
    told = json.dumps(document(settled, person), ensure_ascii=False)
    for one in settled.world.people.values():
        for secret in (one.given, one.family, one.number, one.email, str(one.born), f"{SOURCE}/{one.id}"):
            assert not secret or secret not in told


def test_a_guardians_card_shows_each_of_her_children_with_a_reason(settled: Stage) -> None:
    decide(settled.town, "deny", "kari", "mor")
    links = card(settled, "mor", NEXT).links
    assert {one.pupil: (one.standing.stands, one.standing.reason) for one in links} == {
        settled.town.person("kari"): (False, "denied here"),
        settled.town.person("per"): (True, ""),
    }


def test_both_ends_of_a_link_are_told_the_same(settled: Stage) -> None:
    settled.world.change("kari", status="inaktiv")
    settled.sync(NEXT)
    (of_pupil,) = card(settled, "kari", NEXT).links
    (of_guardian,) = (one for one in card(settled, "mor", NEXT).links if one.pupil == of_pupil.pupil)
    assert of_pupil == of_guardian
    assert not of_pupil.standing.stands


@pytest.mark.parametrize("protected", ["kari", "mor"])
def test_whoever_is_protected_is_named_on_nobody_elses_card(settled: Stage, protected: str) -> None:
    decide(settled.town, "protect", protected)
    other = {"kari": "mor", "mor": "kari"}[protected]
    assert settled.town.person(protected) not in json.dumps(document(settled, other, NEXT))
    assert settled.town.person("per") in json.dumps(document(settled, "per", NEXT))


def test_whom_no_source_has_any_more_is_told_with_the_last_good_values(settled: Stage) -> None:
    settled.world.drop("siri")
    settled.sync(NEXT)
    told = document(settled, "siri", NEXT)
    assert [one["present"] for one in told["claims"]] == [False]
    assert told["users"] == []
    assert {one["face"]: one["reason"] for one in told["gone"]}["school"] == "absent"
    assert [(one["state"], one["reason"]) for one in told["targets"]] == [("departed", "absent")]


def test_a_rejected_record_is_told_beside_the_last_good_one(settled: Stage) -> None:
    settled.world.change("ola", given="", family="")
    settled.sync(NEXT)
    told = document(settled, "ola", NEXT)
    assert [(one["present"], one["rejected"]) for one in told["claims"]] == [(True, True)]
    assert [one["reason"] for one in told["guardianships"]] == ["the pupil's newest record was rejected"]


def test_the_claims_of_two_sources_stand_in_the_order_of_precedence(county: Stage) -> None:
    eva = county.world.people["eva"]
    county.export(AUTUMN)
    county.world.people = {"eva": Human("eva", eva.given, "Holm", eva.born, eva.number)}
    county.world.ties = [Tied("south", "eva", "02")]
    county.export(AUTUMN, "second")
    county.run(AUTUMN)
    store = county.state()
    (person,) = store.cards.find(f"{SOURCE}/eva")
    told = why_card(store, county.parts, person, AUTUMN)
    assert [claim.source for claim in told.card.claims] == ["everyday", "second"]
    assert [claim["source"] for claim in told.to_json()["claims"]] == ["everyday", "second"]
    assert told.desired.users[0].family_name == "Dahl", "of two names, that of the first source"


def test_the_lists_are_laid_onto_the_card(settled: Stage) -> None:
    for name, text in LISTS.items():
        settled.write(name, text)
    settled.configure("roles =", 'grants = "grants.yaml"\nconsents = "consents.yaml"\nroles =')
    eva, ola = card(settled, "eva"), card(settled, "ola")
    assert [grant.role for grant in eva.card.local.grants] == ["school_leader"]
    assert [user.role for user in eva.desired.users] == ["school_leader"]
    assert [consent.reason for consent in ola.card.local.consents] == ["she said yes"]


def test_the_day_on_which_it_can_change_by_itself_is_told(settled: Stage) -> None:
    settled.world.change("ola", born=date(2008, 11, 3), number="")
    settled.sync(NEXT)
    assert document(settled, "ola", NEXT)["next_change_on"] == "2026-11-03"
    on_the_day = document(settled, "ola", date(2026, 11, 3))
    assert [one["reason"] for one in on_the_day["guardianships"]] == ["the pupil is 18 and no consent is listed"]


def test_a_card_can_be_read_for_any_day_and_changes_nothing(settled: Stage) -> None:
    before = settled.known()
    card(settled, "kari", AUTUMN + 4000 * DAY)
    assert settled.known() == before
    assert settled.run(AUTUMN, "plan").changes == {}


def test_each_lms_tells_what_it_holds(two: Stage) -> None:
    two.lmss["archive"].refuses = lambda delivery: "no" if delivery.object_kind == "user" else ""
    two.sync(AUTUMN)
    assert [one["target"] for one in document(two, "kari")["targets"]] == ["lms"]
    two.lmss["archive"].reset()
    two.run(AUTUMN)
    assert [one["target"] for one in document(two, "kari")["targets"]] == ["lms", "archive"]


def test_of_an_id_that_nobody_has_there_is_an_empty_card(settled: Stage) -> None:
    told = why_card(settled.state(), settled.parts, "0" * 32, AUTUMN).to_json()
    assert (told["claims"], told["users"], told["targets"], told["guardianships"]) == ([], [], [], [])
