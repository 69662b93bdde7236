"""The closed vocabularies: kinds, actions, roles, faces, and the words a mapping may give to values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

RecordKind = Literal["person", "group", "membership", "contact", "member"]
ClaimKind = Literal["person", "group", "membership"]
ObjectKind = Literal["organisation", "group", "user"]
Kind = Literal["organisation", "group", "person", "membership", "guardianship"]
Action = Literal["create", "update", "end", "depart", "release", "suspend", "merge", "restore", "remove"]
Face = Literal["school", "guardian"]
Role = Literal["system_administrator", "super_user", "school_leader", "staff", "pupil", "guardian"]
LifeState = Literal["active", "departed", "suspended", "handed_over"]
Trouble = Literal["refused", "passing", "unknown"]
"""Why a delivery did not succeed: the same again would be refused too; later it may be done; nobody knows if it was."""

ROLES: tuple[Role, ...] = ("system_administrator", "super_user", "school_leader", "staff", "pupil", "guardian")
"""Highest first."""

Wanted = Mapping[str, frozenset[str]]
"""Record kind -> field names: those a mapping mentions, or those a source can deliver. Nothing else leaves the source."""

PERSON_FIELDS = (
    "national_number",
    "local_number",
    "sis_id",
    "student_id",
    "employee_id",
    "feide_id",
    "login",
    "given_name",
    "family_name",
    "birth_date",
    "email",
    "mobile",
)
"""The words a mapping may give to a person's values."""

LOCAL_NUMBERS = ("local_number", "sis_id", "student_id", "employee_id")
"""Those that are numbers which a system gave itself: they mean somebody only in their own number space."""
