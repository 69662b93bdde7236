"""What travels between the steps: frozen, typed values with no behaviour beyond equality.

Three families, in the order a run meets them:

* what a source says: `Record` (flat text), then claims (`PersonClaim`, `GroupClaim`, `MembershipClaim`);
* what we know of a human: `Card`, with the facts of her groups and neighbours;
* what an LMS should hold: `Organisation`, `Group`, `User`, and the `Change`s that lead there.

Ids are 32 hexadecimal digits (128 bits, see ids.py) and opaque. Dates are school dates in the sync's zone; ends are
inclusive. Empty text means "no value".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

RecordKind = Literal["person", "group", "membership", "contact", "member"]
ClaimKind = Literal["person", "group", "membership"]
ObjectKind = Literal["organisation", "group", "user"]
Kind = Literal["organisation", "group", "person", "membership", "guardianship"]
Action = Literal["create", "update", "end", "depart", "suspend", "restore", "remove"]
Face = Literal["school", "guardian"]
Role = Literal["system_administrator", "super_user", "school_leader", "staff", "pupil", "guardian"]
LifeState = Literal["active", "departed", "suspended", "handed_over"]

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


# -- what a source says ---------------------------------------------------------------------------------------------


class Record(Struct, frozen=True):
    """One element of a source as flat text: field name -> its texts, in document order.

    `parts` are the records inside it: a person's contacts (kind `contact`), a membership's members (kind `member`,
    one for each role). `line` is where the element began, for messages.
    """

    kind: RecordKind
    fields: Mapping[str, tuple[str, ...]]
    line: int = 0
    parts: tuple[Record, ...] = ()


class Contact(Struct, frozen=True):
    """A pointer from a pupil to an adult. Only `kind` "guardian" can become a guardianship; "question" goes to a human."""

    key: str
    kind: Literal["guardian", "question"]
    because: str = ""


class PersonClaim(Struct, frozen=True):
    """What one source says of one person. `left` gives the reason when the source lists her but says she has left.

    `values` are (field, text) in field order, only non-empty ones; dates as YYYY-MM-DD.
    """

    key: str
    values: tuple[tuple[str, str], ...]
    old_keys: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    left: str = ""


class GroupClaim(Struct, frozen=True):
    """What one source says of one group. Kinds `owner` and `school` are organisations; `skipped` says why it is not used."""

    key: str
    kind: str
    name: str = ""
    title: str = ""
    parent: str = ""
    number: str = ""
    begin: date | None = None
    end: date | None = None
    skipped: str = ""
    mentor: str = ""


class Tie(Struct, frozen=True):
    """One person's role in one group, as a source says it. `left` gives the reason when it no longer counts."""

    person: str
    role: str
    begin: date | None = None
    end: date | None = None
    primary: bool = False
    left: str = ""


class MembershipClaim(Struct, frozen=True):
    """Everyone whom one membership element ties to one group. `key` is the group's key."""

    key: str
    ties: tuple[Tie, ...]


Claim = PersonClaim | GroupClaim | MembershipClaim


class Skipped(Struct, frozen=True):
    """A record the mapping leaves out on purpose."""

    because: str


class Rejected(Struct, frozen=True):
    """A record, or one member of a membership, that cannot be used.

    `key` is its source key where that could be read, else empty; `part` is the member's person key when only that
    member is rejected. Neither is ever shown to anyone.
    """

    kind: ClaimKind
    because: str
    key: str = ""
    part: str = ""
    line: int = 0


# -- what we know of a human ----------------------------------------------------------------------------------------


class School(Struct, frozen=True):
    """An organisation as cards refer to it. `number` is the organisation number, digits only."""

    id: str
    name: str
    number: str = ""
    key: str = ""


class GroupFact(Struct, frozen=True):
    """A group as cards refer to it. `standing` is false when no accepted snapshot has it any more."""

    id: str
    kind: str
    name: str
    title: str
    school: School | None
    begin: date | None = None
    end: date | None = None
    standing: bool = True


class TieFact(Struct, frozen=True):
    """A tie on a card, with the group it leads to (None when the source never described that group)."""

    group: GroupFact | None
    role: str
    source: str
    begin: date | None = None
    end: date | None = None
    primary: bool = False
    left: str = ""


class ContactFact(Struct, frozen=True):
    """A contact on a pupil's card. `person` is the adult's id; `present` and `protected` are facts about that adult."""

    person: str
    kind: Literal["guardian", "question"]
    source: str
    present: bool = True
    protected: bool = False
    because: str = ""


class OwnClaim(Struct, frozen=True):
    """One source's claim on a card, in the sync's source order.

    `present` is false when the last accepted snapshot no longer had it (the values are then the last good ones);
    `rejected` is true while its newest record cannot be used; `run` is the run that accepted it; `first` orders
    claims of one source by age. `key` is the surrogate of the key it came under: two live claims of one source and key
    are one person recorded twice, or two persons under one key.
    """

    source: str
    values: tuple[tuple[str, str], ...]
    contacts: tuple[ContactFact, ...] = ()
    left: str = ""
    present: bool = True
    rejected: bool = False
    run: str = ""
    first: int = 0
    key: int = 0


class Grant(Struct, frozen=True):
    """A role given by the grants file: at one school (`school` is its organisation number), between two dates."""

    role: Role
    school: str
    reason: str
    begin: date | None = None
    end: date | None = None


class Consent(Struct, frozen=True):
    """A grown-up pupil's consent that a guardian keeps access until `end`. `guardian` is a person id, or empty for all."""

    guardian: str
    reason: str
    end: date | None = None


class Local(Struct, frozen=True):
    """What people here have decided about a person; it outranks every source.

    `denied` maps a guardian's person id to the last day of the denial (None = until further notice).
    `restricted` is a hold set by an administrator (GDPR restriction, `trash hold`).
    """

    protected: str = ""
    pinned_until: date | None = None
    denied: tuple[tuple[str, date | None], ...] = ()
    grants: tuple[Grant, ...] = ()
    consents: tuple[Consent, ...] = ()


class Card(Struct, frozen=True):
    """All claims about one human, the facts of her groups, and her neighbours over guardianships.

    `wards` are the cards of the pupils who name her as a contact (their own `wards` are empty).
    """

    person: str
    claims: tuple[OwnClaim, ...] = ()
    ties: tuple[TieFact, ...] = ()
    wards: tuple[Card, ...] = ()
    local: Local = Local()


class Samlegruppe(Struct, frozen=True):
    """A computed group of everybody at a school who holds one of some tie words, or who is a guardian of its pupils."""

    kind: str
    title: str
    ties: frozenset[str]
    role: Role
    guardians: bool = False


class RoleModel(Struct, frozen=True):
    """The role model of one owner, read from `mappings/roles/*.yaml`.

    `ties` turns a mapping's tie words into LMS roles; `suggests` are words that only suggest a higher role for
    approval; `release` lists the fields a role's user may carry; `groups` says which roles become members of which
    group kind (a kind not named becomes no LMS group); `revealing` are words that make a group's name sensitive, and
    `neutral_title` what such a group is called instead.
    """

    name: str
    ties: Mapping[str, Role]
    suggests: Mapping[str, Role]
    release: Mapping[Role, tuple[str, ...]]
    groups: Mapping[str, frozenset[Role]]
    samlegrupper: tuple[Samlegruppe, ...]
    revealing: tuple[str, ...] = ()
    neutral_title: str = ""
    digest: str = ""


# -- what an LMS should hold ----------------------------------------------------------------------------------------


class Organisation(Struct, frozen=True, tag="organisation"):
    """A school or the school owner, as an LMS holds it."""

    id: str
    kind: Literal["owner", "school"]
    name: str
    number: str = ""
    parent: str = ""


class Group(Struct, frozen=True, tag="group"):
    """A class, teaching group, mentor group or samlegruppe, as an LMS holds it. `school` is an organisation id."""

    id: str
    kind: str
    name: str
    title: str
    school: str
    begin: date | None = None
    end: date | None = None


class Membership(Struct, frozen=True, order=True):
    """A user's role in a group. Compared inside her own row, so it has no id of its own."""

    group: str
    role: Role


class SchoolRole(Struct, frozen=True, order=True):
    """The highest role a user holds at one school (an organisation id)."""

    school: str
    role: Role


class User(Struct, frozen=True, tag="user"):
    """One LMS user: a person's `school` or `guardian` face, with the values released to it and nothing else.

    `fields` are (field, text) in field order. `schools` has the home school first. `memberships` are sorted.
    `guardians` are the user ids of those who may follow this pupil, sorted; they stand on the ward's row only.
    """

    id: str
    person: str
    face: Face
    role: Role
    given_name: str
    family_name: str
    fields: tuple[tuple[str, str], ...] = ()
    schools: tuple[SchoolRole, ...] = ()
    enabled: bool = True
    memberships: tuple[Membership, ...] = ()
    guardians: tuple[str, ...] = ()


Held = Organisation | Group | User
"""Anything an LMS holds."""


class Gone(Struct, frozen=True):
    """A user whom the LMS should no longer hold as active, and why.

    `keeps_ties` is true for mere absence: memberships and guardianships stay until suspended. `at_once` skips grace
    and guard (protection). `revoked` are guardian user ids whose link ends now in any case (denied, grown up, protected).
    `by_date` is true when nothing but a date known beforehand made her go (the last tie's end, the ward's 18th birthday).
    """

    id: str
    face: Face
    reason: str
    keeps_ties: bool = False
    at_once: bool = False
    revoked: tuple[str, ...] = ()
    by_date: bool = False


class Question(Struct, frozen=True):
    """Something only a human can decide. `about` are person ids; `text` names nobody."""

    code: str
    about: tuple[str, ...]
    text: str


class Desired(Struct, frozen=True):
    """What the LMS should hold of one person on one date.

    `next_change_on` is the first later date on which the answer can differ with no new claim. `notes` say, in sentences
    without names, what was left out and why. `lapsed` are the groups (group ids) and guardians (user ids) whose tie or
    link to her has ended by a date known beforehand: tie or group end, 18th birthday, end of a consent or grant.
    """

    person: str
    users: tuple[User, ...] = ()
    gone: tuple[Gone, ...] = ()
    next_change_on: date | None = None
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()
    pinned: bool = False
    lapsed: tuple[str, ...] = ()


class Life(Struct, frozen=True):
    """Where a known user stands between active and removed. `hold` freezes the clock; `extended_to` moves the next step."""

    state: LifeState = "active"
    reason: str = ""
    departed_on: date | None = None
    suspended_on: date | None = None
    extended_to: date | None = None
    hold: str = ""


class Known(Struct, frozen=True):
    """What a target holds of one object, as far as we delivered it.

    `digest` is the digest of `value` as delivered; empty when a delivery was cut off and nobody knows (it is then sent
    again). `target_key` is the LMS's own key where a user was adopted.
    """

    object_kind: ObjectKind
    id: str
    value: Held
    digest: str
    life: Life = Life()
    target_key: str = ""


class Change(Struct, frozen=True):
    """One step from known to desired. `object` is the user, group or organisation it belongs to.

    `part` names what inside the object changes: for a membership `GROUP ROLE`, for a guardianship the guardian's user
    id, else empty. `scopes` are the organisation ids at whose limits it counts (empty = "no school"). `counted` is
    false for what was known beforehand by date. `revocation` is never held and goes first. `needs` are the guard
    entries (kind, action, scope) that, when held, hold this change too. `old` and `new` are value digests.
    """

    kind: Kind
    action: Action
    object: str
    reason: str
    part: str = ""
    scopes: tuple[str, ...] = ()
    counted: bool = True
    revocation: bool = False
    needs: tuple[tuple[str, str, str], ...] = ()
    old: str = ""
    new: str = ""


class Draft(Struct, frozen=True):
    """All changes of one object in one plan: what is known, what is wanted, and the steps between, in delivery order."""

    object_kind: ObjectKind
    id: str
    before: Known | None
    wanted: Held | None
    life: Life
    changes: tuple[Change, ...]


class Delivery(Struct, frozen=True):
    """One object handed to a target: what it should hold afterwards (None = remove it), and the changes that make it so.

    Delivering the same thing twice is harmless: create and update both mean "make it so".
    `phase` orders deliveries: see plan.PHASES.
    """

    object_kind: ObjectKind
    id: str
    phase: int
    before: Held | None
    after: Held | None
    life: Life
    changes: tuple[Change, ...]
    target_key: str = ""


class Placed(Struct, frozen=True):
    """One thing a target should hold. `target_key` is the LMS's own key of an adopted user; empty means the id."""

    value: Held
    target_key: str = ""


class Outcome(Struct, frozen=True):
    """What became of one delivery. `reason` says why it failed and what to do, naming nobody."""

    id: str
    phase: int
    delivered: bool
    reason: str = ""
    target_key: str = ""
