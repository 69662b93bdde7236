"""Counties made up at random, read over a real socket, against what their memberships come to when worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.connectors.fint.dates import Period, day, spanning, together

from .fint_county import CATEGORY, CLASS, ELEV, MENTOR, SCHOOL, STAY, TEACHING, County, Site, entry, link, site

KINDS = {CLASS: "klasse", TEACHING: "undervisningsgruppe", MENTOR: "kontaktlarergruppe"}
FIRST = date(2026, 8, 17)
OSLO = ZoneInfo("Europe/Oslo")
Json = dict[str, Any]
Said = tuple[str, str, str, tuple[str, ...]]
"""What is said of one member: role, begin, end, category."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        # chance may leave a kind of group without anybody in it
        found.change(may_be_empty=tuple(f"{kind}medlemskap" for kind in KINDS.values()))
        yield found


# -- periods ----------------------------------------------------------------------------------------------------------

DAYS = st.one_of(st.just(""), st.integers(0, 40).map(lambda n: (FIRST + timedelta(days=n)).isoformat()))
PERIODS = st.lists(st.tuples(DAYS, DAYS), max_size=4)
YEAR = [(FIRST + timedelta(days=n)).isoformat() for n in range(-1, 42)]


def holds(period: Period, on: str) -> bool:
    return (not period[0] or period[0] <= on) and (not period[1] or on <= period[1])


@given(PERIODS)
def test_periods_hold_together_on_the_days_on_which_each_does(periods: list[Period]) -> None:
    found = together(*periods)
    assert [holds(found, on) for on in YEAR] == [all(holds(one, on) for one in periods) for on in YEAR]


@given(PERIODS)
def test_a_span_covers_every_day_of_every_period_and_no_more_at_either_end(periods: list[Period]) -> None:
    known = [one for one in periods if any(one)]
    begin, end = spanning(periods)
    begins, ends = {one[0] for one in known}, {one[1] for one in known}
    assert begin == ("" if "" in begins else min(begins, default=""))
    assert end == ("" if "" in ends else max(ends, default=""))


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(["T12:00:00Z", "T00:00:00+00:00", "T08:30:00"]))
def test_a_date_written_as_a_moment_of_its_day_is_that_date(on: date, at: str) -> None:
    assert day(f"{on}{at}", OSLO) == on.isoformat()


@given(st.text(max_size=12))
def test_what_is_no_date_stays_as_it_is_written_and_never_ends_a_run(written: str) -> None:
    found = day(written, OSLO)
    assert found in ("", written) or date.fromisoformat(found)


# -- whole counties ---------------------------------------------------------------------------------------------------


class Drawn(County):
    """A county by chance; `expected` is who is where, worked out as the entries were made: group -> pupil -> said."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = Random(seed)
        self.expected: dict[str, dict[str, list[Said]]] = {}
        for path in (ELEV, STAY, *KINDS, *(f"{path}medlemskap" for path in KINDS)):
            self.entries[path].clear()
        self.groups = [(path, f"{KINDS[path][:2]}{number}") for path in KINDS for number in range(4)]
        for path, key in self.groups:
            self.entries[path].append(entry(path, key, {"navn": key}, skole=self.to(SCHOOL, "s1")))
        for number in range(12):
            self.someone(f"p{number}")
        for entries in self.entries.values():
            self.random.shuffle(entries)

    def to(self, path: str, key: str, field: str = "systemid") -> list[dict[str, str]]:
        """A link, spelt in one of the ways that senders have."""
        spelt = self.random.choice(
            [field, field.capitalize(), field.upper(), "systemId" if field == "systemid" else field]
        )
        host = self.random.choice(["https://api.felleskomponent.no", "https://beta.felleskomponent.no", ""])
        return link(path, key, spelt, host)

    def period(self) -> tuple[Json, Period]:
        """A period as FINT writes it, and its days."""
        days = sorted(self.random.sample(range(300), 2))
        said = [(FIRST + timedelta(days=n)).isoformat() for n in days]
        begin, end = (one if self.random.random() < 0.7 else "" for one in said)
        written = {name: f"{on}T12:00:00Z" for name, on in (("start", begin), ("slutt", end)) if on}
        return ({"gyldighetsperiode": written} if written else {}), (begin, end)

    def someone(self, key: str) -> None:
        """A pupil with a stay or two, and memberships of each."""
        selves = [*link(ELEV, f"nr-{key}", "elevnummer"), *link(ELEV, f"{key}-id")]
        self.random.shuffle(selves)
        self.entries[ELEV].append(entry(ELEV, f"{key}-id", {}, self=selves))
        for number in range(self.random.choice([1, 1, 2])):
            self.stay_of(key, f"stay-{key}-{number}")

    def stay_of(self, key: str, stay: str) -> None:
        told, period = self.period()
        if self.random.random() < 0.2:
            stopped = (FIRST + timedelta(days=self.random.randrange(300))).isoformat()
            told |= {"avbruddsdato": f"{stopped}T12:00:00Z"}
            period = by_hand(period, ("", stopped))
        category, said = self.random.choice([("1", ("privatist", "1")), ("2", ("heltid",)), ("9", ("?", "?"))])
        pupil = self.to(ELEV, f"{key}-id") if self.random.random() < 0.7 else self.to(ELEV, f"nr-{key}", "elevnummer")
        links = {"elev": pupil, "skole": self.to(SCHOOL, "s1"), "kategori": self.to(CATEGORY, category)}
        self.entries[STAY].append(entry(STAY, stay, told, **links))
        self.note("fint/skole/s1", key, period, said)
        for path, group in self.random.sample(self.groups, self.random.randrange(5)):
            own, inner = self.period()
            relation = path.rpartition("/")[2]
            where = {relation: self.to(path, group), "elevforhold": self.to(STAY, stay)}
            self.entries[f"{path}medlemskap"].append(entry(f"{path}medlemskap", f"m-{group}-{stay}", own, **where))
            self.note(f"fint/{KINDS[path]}/{group}", key, by_hand(period, inner), said)

    def note(self, group: str, key: str, period: Period, category: tuple[str, ...]) -> None:
        said = ("elev", *period, category)
        self.expected.setdefault(group, {}).setdefault(f"fint/elev/{key}-id", []).append(said)


def by_hand(one: Period, other: Period) -> Period:
    """The days on which both hold, as somebody would work it out who has never seen the connector."""
    latest = max(one[0], other[0])
    earliest = min(one[1] or "9999", other[1] or "9999")
    return latest, "" if earliest == "9999" else earliest


def found_in(here: Site) -> dict[str, dict[str, list[Said]]]:
    """Group -> pupil -> what is said of her there."""
    found: dict[str, dict[str, list[Said]]] = {}
    for record in here.records():
        for part in record.parts:
            if part.fields.get("rolle") == ("elev",):
                said = tuple((part.fields.get(name) or ("",))[0] for name in ("rolle", "start", "slutt"))
                people = found.setdefault(record.fields["gruppe"][0], {})
                people.setdefault(part.whose, []).append((*said, part.fields.get("kategori", ())))  # type: ignore[arg-type]
    return {group: {who: sorted(said) for who, said in people.items()} for group, people in found.items()}


@pytest.mark.parametrize("seed", range(12))
def test_whoever_is_where_is_where_the_entries_say(here: Site, seed: int) -> None:
    here.county = county = Drawn(seed)
    here.change(page_size=Random(seed).choice([0, 3, 7, 1000]))
    expected = {g: {who: sorted(said) for who, said in people.items()} for g, people in county.expected.items()}
    assert found_in(here) == expected


@pytest.mark.parametrize("seed", [101, 102])
def test_neither_order_nor_page_size_means_anything(here: Site, seed: int) -> None:
    here.county = Drawn(seed)
    before = sorted(map(str, here.records()))
    for entries in here.county.entries.values():
        entries.reverse()
    here.change(page_size=2)
    assert sorted(map(str, here.records())) == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_model_3_everybody_is_where_she_is_in_model_4(here: Site, tmp_path: Path, seed: int) -> None:
    here.county = Drawn(seed)
    expected = found_in(here)
    (tmp_path / "old").mkdir()
    with site(tmp_path / "old", model="3") as former:
        former.double.full_sync(here.county.of_model_3())
        former.change(may_be_empty=here.settings.may_be_empty)
        former.send = lambda: None  # type: ignore[method-assign]
        assert found_in(former) == expected
