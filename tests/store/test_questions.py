"""Questions: asked once, open until answered or no longer asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rostersync.model import Question
from rostersync.store.engine import Database
from rostersync.store.questions import OpenQuestion, Questions
from tests.store.ledger import ANNE, KARI, NOW, OLA

LATER = NOW + timedelta(days=1)
SAME = Question("same person", (KARI, OLA), "Two persons share a national number.")
LEADER = Question("role", (ANNE,), "The source calls her a school leader; no grant says so.")


@pytest.fixture
def questions(ledger: Database) -> Questions:
    return Questions(ledger)


def test_a_question_stands_open_with_whom_it_is_about_and_since_when(questions: Questions) -> None:
    digest = questions.open(SAME, NOW)
    assert questions.open_ones() == [
        OpenQuestion(digest, "same person", (KARI, OLA), SAME.text, "2026-11-22T04:30:00+00:00")
    ]


def test_asking_again_every_night_changes_nothing(questions: Questions) -> None:
    first = questions.open(SAME, NOW)
    before = questions.open_ones()
    assert questions.open(SAME, LATER) == first
    assert questions.open_ones() == before


def test_the_oldest_question_comes_first(questions: Questions) -> None:
    questions.open(LEADER, LATER)
    questions.open(SAME, NOW)
    assert [one.code for one in questions.open_ones()] == ["same person", "role"]


def test_what_is_no_longer_asked_is_closed(questions: Questions) -> None:
    for asked in (SAME, LEADER):
        questions.open(asked, NOW)
    assert questions.close_missing(["role", "same person"], [KARI, OLA, ANNE], [SAME], LATER) == 1
    assert [one.code for one in questions.open_ones()] == ["same person"]


def test_a_question_of_another_step_is_left_alone(questions: Questions) -> None:
    questions.open(SAME, NOW)
    assert questions.close_missing(["role"], [KARI, OLA], [], LATER) == 0


def test_a_question_about_somebody_who_was_not_looked_at_is_left_alone(questions: Questions) -> None:
    questions.open(SAME, NOW)
    assert questions.close_missing(["same person"], [KARI], [], LATER) == 0


def test_a_closed_question_that_is_asked_again_opens_anew(questions: Questions) -> None:
    questions.open(LEADER, NOW)
    questions.close_missing(["role"], [ANNE], [], LATER)
    questions.open(LEADER, LATER)
    assert [one.at for one in questions.open_ones()] == ["2026-11-23T04:30:00+00:00"]
