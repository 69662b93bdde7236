"""A lab site for the stories of the itslearning target: a real server on loopback, and the target that speaks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from rostersync.credentials import Secret
from rostersync.lab.doubles.itslearning import ItslearningDouble, Site
from rostersync.lab.doubles.server import Server
from rostersync.model import Delivery, Outcome
from rostersync.targets.itslearning import Itslearning, Settings
from tests.targets.contract import roster_of, with_near

ROOT_KEY = "root-of-the-site"
PASSWORD = "of no use & <elsewhere>"


@dataclass
class Lab:
    """One site, its server, and what was delivered to it so far."""

    double: ItslearningDouble
    server: Server
    folder: Path
    past: list[Delivery] = field(default_factory=list)

    @property
    def site(self) -> Site:
        return self.double.site

    def settings(self, **other: Any) -> Settings:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        told = {"url": f"{self.server.url}/ims.svc", "user": "rostersync", "root": ROOT_KEY} | other
        patience = {"patience": timedelta(seconds=0), "timeout": timedelta(seconds=5)}
        return Settings(password=Secret("file", str(secret), "target.lms.password"), **{**patience, **told})

    def target(self, **other: Any) -> Itslearning:
        return Itslearning("lms", self.settings(**other))

    def deliver(self, target: Itslearning, *deliveries: Delivery) -> list[Outcome]:
        self.past += deliveries
        return list(target.deliver(with_near(deliveries, roster_of(self.past)), roster_of(self.past)))

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [asked.headers["soapaction"].strip('"').rpartition("/")[2] for asked in self.server.asked]


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    double = ItslearningDouble(Site(ROOT_KEY), password=PASSWORD)
    with Server(double) as server:
        yield Lab(double, server, folder)
