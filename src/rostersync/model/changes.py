"""What is desired, what is known, and the changes, deliveries and outcomes between them."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from rostersync.model.held import Held, User
from rostersync.model.vocabulary import Action, Face, Kind, LifeState, ObjectKind, Trouble


class Gone(Struct, frozen=True, gc=False):
    """A user whom the LMS should no longer hold as active, and why.

    `keeps_ties` is true for mere absence: memberships and guardianships stay until suspended. `at_once` skips grace
    and guard (protection). `revoked` are guardian user ids whose link ends now in any case (denied, grown up, protected).
    `by_date` is true when nothing but a date known beforehand made her go (the last tie's end, the ward's 18th birthday).
    `merged`: people here said that she is the same human as another person, who has another user.
    """

    id: str
    face: Face
    reason: str
    keeps_ties: bool = False
    at_once: bool = False
    revoked: tuple[str, ...] = ()
    by_date: bool = False
    merged: bool = False


class Question(Struct, frozen=True, gc=False):
    """Something only a human can decide. `about` are person ids; `text` names nobody."""

    code: str
    about: tuple[str, ...]
    text: str


class Desired(Struct, frozen=True, gc=False):
    """What the LMS should hold of one person on one date.

    `next_change_on` is the first later date on which the answer can differ with no new claim. `notes` say, in sentences
    without names, what was left out and why. `lapsed` are the groups (group ids) and guardians (user ids) whose tie or
    link to her has ended by a date known beforehand: tie or group end, 18th birthday, end of a consent or grant.
    `all_year` is true of whom the add-only window does not concern.
    `awaiting` are the users (ids) who, while an LMS does not hold them, are not created before they have a login;
    `without_login` those who have waited long enough. `fading` are logins (field, text in small letters) that she has from
    a source that has lost her: whoever is listed with one takes it.
    """

    person: str
    users: tuple[User, ...] = ()
    gone: tuple[Gone, ...] = ()
    next_change_on: date | None = None
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()
    pinned: bool = False
    lapsed: tuple[str, ...] = ()
    all_year: bool = False
    awaiting: tuple[str, ...] = ()
    without_login: tuple[str, ...] = ()
    fading: tuple[tuple[str, str], ...] = ()


class Life(Struct, frozen=True, gc=False):
    """Where a known user stands between active and removed. `hold` freezes the clock; `extended_to` moves the next step."""

    state: LifeState = "active"
    reason: str = ""
    departed_on: date | None = None
    suspended_on: date | None = None
    extended_to: date | None = None
    hold: str = ""


class Known(Struct, frozen=True, gc=False):
    """What a target holds of one object, as far as we delivered it.

    `digest` is the digest of `value` as delivered; empty when nobody knows, because a delivery was cut off or others
    changed it in the LMS (it is then sent again). `target_key` is the LMS's own key where a user was adopted.
    """

    object_kind: ObjectKind
    id: str
    value: Held
    digest: str
    life: Life = Life()
    target_key: str = ""


class Change(Struct, frozen=True, gc=False):
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


class Draft(Struct, frozen=True, gc=False):
    """All changes of one object in one plan: what is known, what is wanted, and the steps between, in delivery order."""

    object_kind: ObjectKind
    id: str
    before: Known | None
    wanted: Held | None
    life: Life
    changes: tuple[Change, ...]


class Delivery(Struct, frozen=True, gc=False):
    """One object handed to a target: what it should hold afterwards (None = remove it), and the changes that make it so.

    Delivering the same thing twice is harmless: create and update both mean "make it so".
    `phase` orders deliveries: see plan.PHASES. `near` is what a target that looks around is told besides, as it should
    hold it: the schools and groups that the object is in, its guardians, and everybody whom it or one of them follows.
    """

    object_kind: ObjectKind
    id: str
    phase: int
    before: Held | None
    after: Held | None
    life: Life
    changes: tuple[Change, ...]
    target_key: str = ""
    near: tuple[Placed, ...] = ()


class Placed(Struct, frozen=True, gc=False):
    """One thing a target should hold. `target_key` is the LMS's own key of an adopted user; empty means the id.

    `near` is what a delivery of the thing could be told besides, where it is read back by a walk that asks for that.
    """

    value: Held
    target_key: str = ""
    near: tuple[Placed, ...] = ()


class Outcome(Struct, frozen=True, gc=False):
    """What became of one delivery. `reason` says why it failed and what to do, naming nobody; `trouble` is its class."""

    id: str
    phase: int
    delivered: bool
    reason: str = ""
    target_key: str = ""
    trouble: Trouble = "refused"
