"""The rules a mapping file states, as values, and the words it may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from rostersync.mapping.loader import Mark
from rostersync.model import PERSON_FIELDS

Offered = Mapping[str, frozenset[str]]
"""Record kind -> the field names a source can deliver; a name ending in `*` stands for a family."""

SectionName = Literal["person", "group", "membership", "contact"]
Verb = Literal["is", "skip", "reject"]

GROUP_KINDS = (
    "owner",
    "school",
    "base_class",
    "teaching_group",
    "mentor_group",
    "grade",
    "programme",
    "programme_area",
    "subject",
    "guardian_group",
    "language_training",
    "combined_group",
    "pupil_council",
    "parent_council",
    "school_committee",
    "school_environment_committee",
    "after_school",
    "exam_group",
)
"""What a group can be. Which of them an LMS gets is the role model's business."""

CONTACT_KINDS = ("guardian", "question")
"""What an adult whom a pupil points to can be: a guardian, or a question to a human."""

FIELDS: Mapping[SectionName, tuple[str, ...]] = {
    "person": PERSON_FIELDS,
    "group": ("name", "title", "parent", "number", "begin", "end", "mentor"),
    "membership": ("begin", "end", "primary"),
    "contact": (),
}
"""Section -> the field words it may fill."""

CHOICES: Mapping[SectionName, str] = {"group": "type", "membership": "role", "contact": "kind"}
"""Section -> the name of its choice list."""

RECORDS: Mapping[SectionName, tuple[str, ...]] = {
    "person": ("person",),
    "group": ("group",),
    "membership": ("member", "membership"),
    "contact": ("contact",),
}
"""Section -> the record kinds whose fields it may name, the first one first."""

SENSITIVE = frozenset(("national_number", "local_number", "birth_date", "email", "mobile", "login"))
"""Fields that need `sensitive: yes` and a `basis` in the owner's words."""

MATCHING = frozenset(("national_number", "local_number", "feide_id"))
"""Fields that a source may give for no other purpose than to recognise somebody (`use: match`)."""

MEMBERS_BY = ("feide_id",)
"""Identifiers by which a membership may name people of other sources (`match` under `membership`)."""

KEYS = frozenset(("parent", "mentor"))
"""Fields that are source keys: opaque, so nothing inside them is tidied."""


class Origin(Struct, frozen=True):
    """One place to take a value from, with the names of the transforms that only it needs, and the space of its numbers."""

    name: str
    steps: tuple[str, ...] = ()
    space: str = ""


class FieldRule(Struct, frozen=True):
    """How one field is filled: the first of `origins` that gives a text wins; `table` then looks that text up.

    `space` is the number space in which a local number means somebody: it is written before it, unless it has one.
    """

    field: str
    mark: Mark
    origins: tuple[Origin, ...]
    steps: tuple[str, ...] = ()
    table: tuple[tuple[str, str], ...] | None = None
    otherwise: str = ""
    required: bool = False
    sensitive: bool = False
    basis: str = ""
    decide: bool = False
    match: bool = False
    space: str = ""


class Branch(Struct, frozen=True):
    """One line of a choice. `when` are (field, accepted texts, case-folded), which must all hold; none = otherwise."""

    mark: Mark
    when: tuple[tuple[str, frozenset[str]], ...]
    verb: Verb
    word: str = ""
    because: str = ""


class Section(Struct, frozen=True):
    """What a mapping says of one kind of record. `member_key` stands in `membership` only, `old_keys` in `person`.

    A person has no choice to make: there, `choice` are the lines of `reject`. `match` is the identifier by which a
    membership names its members; empty where they are named by the source's own keys.
    """

    name: SectionName
    mark: Mark
    key: str
    member_key: str = ""
    old_keys: str = ""
    fields: tuple[FieldRule, ...] = ()
    skip: tuple[Branch, ...] = ()
    choice: tuple[Branch, ...] = ()
    choice_mark: Mark | None = None
    match: str = ""

    @property
    def choice_name(self) -> str:
        """The name of the section's choice list, or nothing."""
        return CHOICES.get(self.name, "")

    @property
    def asked(self) -> frozenset[str]:
        """Every source field that the rules name, besides the keys."""
        names = {origin.name for rule in self.fields for origin in rule.origins}
        names.update(name for branch in (*self.skip, *self.choice) for name, _ in branch.when)
        return frozenset(names)

    @property
    def keys(self) -> frozenset[str]:
        """The source fields that hold keys."""
        return frozenset((self.key, self.member_key, self.old_keys)) - {""}


def is_offered(name: str, offered: Iterable[str]) -> bool:
    """Whether a source offers a field, by its name or by a family such as `userid.*`."""
    return any(
        name == one or (one.endswith("*") and len(name) >= len(one) and name.startswith(one[:-1])) for one in offered
    )
