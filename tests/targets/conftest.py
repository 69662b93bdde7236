"""The sites that the stories of a target with an answer channel are told at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.targets.moodle import Moodle

from .contract import EVERYBODY, deliver, refused
from .itslearning_site import Lab, lab
from .moodle_site import Town, moodle_town


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Lab]:
    """An itslearning site that nobody has delivered to yet."""
    with lab(tmp_path) as made_one:
        yield made_one


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A Moodle site that nobody has delivered to yet."""
    with moodle_town(tmp_path) as built:
        yield built


@pytest.fixture
def lms(town: Town) -> Moodle:
    """A target that has delivered everybody to the Moodle site."""
    target = town.target()
    assert refused(deliver(target, *EVERYBODY)) == {}
    return target
