"""A Canvas site on loopback, and targets for it that do not really wait."""

from __future__ import annotations

from pathlib import Path

from rostersync.credentials import Secret
from rostersync.lab.doubles.canvas import CanvasSite
from rostersync.lab.doubles.server import Server
from rostersync.targets.canvas import Canvas, Settings
from tests.targets.contract import Seen, SeenUser

TOKEN = "token of the lab"


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def now(self) -> float:
        return sum(self.waits)


class Lab:
    """A site, its server, and what is needed to speak to it."""

    def __init__(self, folder: Path, **site: int) -> None:
        self.site = CanvasSite(token=TOKEN, **site)
        self.server = Server(self.site)
        self.clock = Clock()
        self._token = folder / "token"
        self._token.write_text(TOKEN)
        self._token.chmod(0o600)

    def target(self, **more: object) -> Canvas:
        settings = {
            "url": self.server.url,
            "token": Secret("file", str(self._token), "rostersync.toml:9"),
            "patience": None,
            **more,
        }
        return Canvas("lms", Settings(**settings), wait=self.clock.wait, now=self.clock.now)  # type: ignore[arg-type]

    def seen(self) -> Seen:
        """What is there and not deleted; a suspended user is in no course."""
        site = self.site
        courses = frozenset(row["course_id"] for row in site.active("courses"))
        users = {}
        for row in site.active("users"):
            key = row["user_id"]
            enrolled = {tie["section_id"] for tie in site.active("enrollments") if tie["user_id"] == key}
            ties = [(tie["observer_id"], tie["student_id"]) for tie in site.active("user_observers")]
            agents = {other for tie in ties if key in tie for other in tie if other != key}
            users[key] = SeenUser(row["status"] == "active", row["first_name"], courses & enrolled, frozenset(agents))
        return Seen(frozenset(row["account_id"] for row in site.active("accounts")), courses, users)
