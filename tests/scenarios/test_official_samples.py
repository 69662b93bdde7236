"""The official examples go through the whole line, and nobody is lost to their invalid numbers."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scenarios.town import Town


def sources_people(text: str) -> int:
    """How many people a document describes, read by other means."""
    return len(re.findall(r"<person[\s>]", re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)))


def claims(town: Town) -> int:
    store = town.store()
    try:
        return store.sources.state("everyday").counts.persons
    finally:
        store.close()


@pytest.mark.parametrize("version", ["v1.2", "v1.3"])
def test_the_official_pifu_example_syncs_without_a_person_lost(town: Town, standards: Path, version: str) -> None:
    sample = standards / "pifu" / "samples" / version / "PIFU-IMS_SAS_eksempel.xml"
    town.export(date(2007, 3, 11), sample.read_bytes())
    report = town.run(date(2007, 3, 11))
    assert report.sources[0].accepted, report.sources[0].refused
    assert report.sources[0].rejected == 0
    assert claims(town) == sources_people(sample.read_text(encoding="utf-8"))
    assert report.code == 0
    numbers = {dict(user.fields).get("national_number") for user in town.known().values()}
    assert numbers <= {None}, "a number without valid check digits is never released as one"
    assert {user.role for user in town.known().values()} >= {"staff", "pupil"}


@pytest.mark.parametrize("name", ["example-grouped.xml", "example-oneline.xml"])
def test_the_ims_enterprise_examples_sync_without_a_person_lost(town: Town, standards: Path, name: str) -> None:
    sample = standards / "pifu" / "samples" / "moodle-ims-enterprise" / name
    config = town.config.read_text()
    town.config.write_text(config.replace(f"{ROOT}/mappings/ist-everyday.yaml", f"{ROOT}/mappings/ims-enterprise.yaml"))
    town.export(date(2005, 10, 29), sample.read_bytes())
    report = town.run(date(2005, 10, 29))
    assert report.sources[0].accepted, report.sources[0].refused
    assert report.sources[0].rejected == 0
    assert claims(town) == sources_people(sample.read_text(encoding="latin-1")) == 5
