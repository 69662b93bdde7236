"""Our roles -> the texts that a site maps to profiles, and the roles of its hierarchy. Nobody is raised on the way."""

from __future__ import annotations

from typing import Final

from rostersync.model import Role
from rostersync.targets.itslearning.settings import Settings

NO_ADMINISTRATOR: Final = "a system administrator is never made or changed by a sync; pin that user"
NO_LEADER_PROFILE: Final = "a school leader with the profile of staff (profile_school_leader is not set)"
NO_SUPER_USER_PROFILE: Final = "a super user with the profile of staff (profile_super_user is not set)"

_ABOVE_STAFF: Final = frozenset({"school_leader", "super_user"})


class Roles:
    """What one site calls our roles."""

    def __init__(self, settings: Settings) -> None:
        self._profiles: dict[Role, str] = {
            "pupil": settings.profile_pupil,
            "staff": settings.profile_staff,
            "guardian": settings.profile_guardian,
            "school_leader": settings.profile_school_leader or settings.profile_staff,
            "super_user": settings.profile_super_user or settings.profile_staff,
        }
        self._roles: dict[Role, str] = {
            "pupil": settings.role_pupil,
            "staff": settings.role_staff,
            "guardian": settings.role_guardian,
            "school_leader": settings.role_school_leader or settings.role_staff,
            "super_user": settings.role_super_user or settings.role_staff,
        }
        self._mentor = settings.role_mentor
        self._mentor_groups = frozenset(settings.mentor_groups)
        self._lowered: dict[Role, str] = {}
        if not settings.profile_school_leader:
            self._lowered["school_leader"] = NO_LEADER_PROFILE
        if not settings.profile_super_user:
            self._lowered["super_user"] = NO_SUPER_USER_PROFILE

    def profile(self, role: Role) -> str:
        """A user's profile text; empty for a role that no sync gives."""
        return self._profiles.get(role, "")

    def lowered(self, role: Role) -> str:
        """What the report says when a role goes as a lower one, as a sentence; empty when it does not."""
        return self._lowered.get(role, "")

    def at(self, role: Role, *, root: bool) -> str:
        """Her role at a school, or at the root of the hierarchy, where nobody is more than staff. Empty = no membership."""
        if root and role in _ABOVE_STAFF:
            role = "staff"
        return self._roles.get(role, "")

    def within(self, role: Role, kind: str) -> str:
        """Her role in a group of a kind: staff are mentors in a contact teacher's group."""
        if kind in self._mentor_groups and role not in ("pupil", "guardian"):
            return self._mentor
        return self.at(role, root=True)
