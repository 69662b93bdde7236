"""The house keeps its shape: who may import whom is in pyproject.toml; here are the fences for other people's packages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "rostersync"
FENCES = {
    "sqlalchemy": ("store/", "connectors/sits/views.py"),  # decision 15: reads a site's views, and nothing of ours
    "alembic": ("store/",),
    "cryptography": ("store/", "lab/doubles/certificates.py"),
    "lxml": ("connectors/", "targets/", "lab/"),
    "yaml": ("mapping/",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "paramiko": ("transport/files/",),
    "ldap": ("connectors/feide/",),
    "apscheduler": ("daemon/schedule.py",),
}
LINE = [
    "drift",
    "errors",
    "ids",
    "normalize",
    "identity",
    "plan",
    "settling",
    "guard",
    "limits",
    "lifecycle",
    "schoolyear",
    "report",
    "page",
]
LINE_FOLDERS = ("desire/", "drafting/", "mapping/", "model/")
IMPURE = {
    "os",
    "time",
    "random",
    "secrets",
    "pathlib",
    "io",
    "socket",
    "subprocess",
    "tempfile",
    "shutil",
    "structlog",
    "logging",
}
FORBIDDEN_NAMES = {
    "data",
    "info",
    "item",
    "object",
    "handler",
    "manager",
    "processor",
    "util",
    "helper",
    "utils",
    "helpers",
}


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def short(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("package", FENCES)
def test_a_third_party_package_stays_behind_its_fence(package: str) -> None:
    outside = [
        short(p)
        for p in files()
        if package in {name.split(".")[0] for name in imports(p)} and not short(p).startswith(FENCES[package])
    ]
    assert outside == []


def test_connectors_do_not_import_each_other() -> None:
    allowed = {("isi", "pifu")}  # IST's web service hands out PIFU documents: decision 16
    found = {
        (path.relative_to(SOURCE / "connectors").parts[0], name.split(".")[2])
        for path in (SOURCE / "connectors").glob("*/**/*.py")
        for name in imports(path)
        if name.startswith("rostersync.connectors.")
    }
    folders = {path.name for path in (SOURCE / "connectors").iterdir() if path.is_dir()}
    assert {(here, there) for here, there in found if here != there and there in folders} <= allowed


def test_the_line_touches_no_file_clock_chance_or_log() -> None:
    line = [p for p in files() if (p.stem in LINE and p.parent == SOURCE) or short(p).startswith(LINE_FOLDERS)]
    assert {
        short(p): sorted(IMPURE & {n.split(".")[0] for n in imports(p)})
        for p in line
        if IMPURE & {n.split(".")[0] for n in imports(p)}
    } == {}


def test_every_room_of_the_line_exists() -> None:
    assert [name for name in LINE if not (SOURCE / f"{name}.py").is_file()] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [short(p) for p in files() if p.stem in FORBIDDEN_NAMES] == []


def test_every_module_says_its_one_job() -> None:
    assert [
        short(p)
        for p in files()
        if p.stat().st_size > 200 and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ] == []


def test_no_file_is_longer_than_350_lines_and_no_function_than_45() -> None:
    long_files = [
        short(p)
        for p in files()
        if "migrations" not in p.parts and len(p.read_text(encoding="utf-8").splitlines()) > 350
    ]
    long_functions = [
        f"{short(p)}:{node.name}"
        for p in files()
        if not short(p).startswith("store/migrations/versions")
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno > 45
    ]
    assert (long_files, long_functions) == ([], [])


def test_only_the_command_line_catches_every_exception() -> None:
    broad = [
        f"{short(p)}:{node.lineno}"
        for p in files()
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or getattr(node.type, "id", "") == "Exception")
    ]
    assert broad == []
