"""Canvas's SIS import API and what it makes of the rows: strict where Canvas is, and slow by the number of questions."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import msgspec

from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.server import Asked, Told

FAULTS: Final = {
    "stuck": "an import never ends",
    "failed": "an import fails after half of each file, and says at which row",
    "broken": "an import fails before its first row, and says nothing",
    "aborted": "somebody aborts each import",
    "lineless": "no message tells its row",
    "old": "there is no list of messages, only those in the import itself",
    "circle": "the last page of a list leads to the first",
}
"""Fault -> what it does, besides those of every server."""

_COLUMNS: Final = {
    "accounts": {"account_id", "parent_account_id", "name", "status"},
    "courses": {"course_id", "short_name", "long_name", "account_id", "status"},
    "sections": {"section_id", "course_id", "name", "status"},
    "users": {"user_id", "login_id", "first_name", "last_name", "email", "status"},
    "enrollments": {"section_id", "user_id", "role", "status"},
    "user_observers": {"observer_id", "student_id", "status"},
}
"""File -> the columns that it must have, in the order in which Canvas takes the files, whatever their order in the zip."""

_STATUSES: Final = {
    "accounts": {"active", "deleted"},
    "courses": {"active", "deleted", "completed"},
    "sections": {"active", "deleted"},
    "users": {"active", "suspended", "deleted"},
    "enrollments": {"active", "deleted", "completed", "inactive"},
    "user_observers": {"active", "deleted"},
}
_KEYS: Final = {"enrollments": ("section_id", "user_id", "role"), "user_observers": ("observer_id", "student_id")}
_NEVER: Final = ("diffing_data_set_identifier", "batch_mode", "diffing_drop_status")
"""What would have Canvas delete by its own reckoning; nobody here may ask for it."""

Row = Mapping[str, str]
Message = tuple[str, int, str]
"""File, line, text."""


class CanvasSite:
    """One site. `tables` is file -> key -> the row that counts; `busy` uploads are told that another import runs.

    `polls` is how often one asks before an import is through; `roles` are labels with what each is based on.
    """

    def __init__(self, *, token: str = "token of the lab", polls: int = 2) -> None:  # noqa: S107 - the lab's own, and no secret
        self.tables: dict[str, dict[tuple[str, ...], Row]] = {name: {} for name in _COLUMNS}
        self.faults = Faults()
        self.busy = 0
        self.uploads: list[bytes] = []
        self._proof = f"Bearer {token}"
        self.polls = polls
        self.roles = [
            ("Student", "StudentEnrollment"),
            ("Teacher", "TeacherEnrollment"),
            ("Admin", "AccountMembership"),
        ]
        self._imports: list[dict[str, Any]] = []
        self._messages: list[list[Message]] = []

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        if asked.headers.get("authorization") != self._proof:
            return _told({"errors": [{"message": "Invalid access token."}]}, 401)
        match asked.method, asked.path.removeprefix("/api/v1/accounts/self/").split("/"):
            case "POST", ["sis_imports"]:
                return self._upload(asked)
            case "GET", ["sis_imports"]:
                return _told({"sis_imports": self._imports[-1:]})
            case "GET", ["sis_imports", number] if self._has(number):
                return _told(self._polled(int(number)))
            case "GET", ["sis_imports", number, "errors"] if self._has(number) and not self.faults.has("old"):
                return self._page(asked, [_listed(one) for one in self._messages[int(number) - 1]], "sis_import_errors")
            case "GET", ["roles"]:
                return self._page(asked, [{"label": label, "base_role_type": base} for label, base in self.roles], "")
            case "GET", ["users"]:
                return self._page(asked, [_user(row) for row in self.active("users")], "")
        return _told({"errors": [{"message": "The specified resource does not exist."}]}, 404)

    def active(self, file: str) -> Iterator[Row]:
        """The rows of a file that are neither deleted nor completed."""
        return (row for row in self.tables[file].values() if row["status"] not in ("deleted", "completed"))

    def _has(self, number: str) -> bool:
        return number.isdecimal() and 0 < int(number) <= len(self._imports)

    # -- an import ----------------------------------------------------------------------------------------------------

    def _upload(self, asked: Asked) -> Told:
        if self.busy:
            self.busy -= 1
            return _told({"error": True, "error_message": "An SIS import is already in process."}, 409)
        if asked.one("import_type") != "instructure_csv" or any(asked.one(name) for name in _NEVER):
            return _told({"errors": [{"message": "Invalid parameter"}]}, 400)
        self.uploads.append(asked.body)
        number = len(self._imports) + 1
        self._imports.append({"id": number, "progress": 0, "workflow_state": "created", "asked": 0})
        self._messages.append([])
        return _told(self._imports[-1])

    def _polled(self, number: int) -> dict[str, Any]:
        one = self._imports[number - 1]
        one["asked"] += 1
        if one["asked"] < self.polls or self.faults.has("stuck"):
            one.update(progress=50, workflow_state="importing")
        elif one["workflow_state"] in ("created", "importing"):
            one.update(progress=100, workflow_state=self._carried_out(number))
            messages = self._messages[number - 1]
            one["processing_warnings"] = [[file, text] for file, _, text in messages]
        return one

    def _carried_out(self, number: int) -> str:
        if self.faults.has("aborted"):
            return "aborted"
        if self.faults.has("broken"):
            return "failed"
        messages = self._messages[number - 1]
        try:
            messages += self._take(self.uploads[number - 1])
        except (BadZipFile, UnicodeDecodeError, KeyError) as error:
            messages.append(("", 0, f"Unexpected error: {type(error).__name__}"))
            return "failed_with_messages"
        if self.faults.has("failed"):
            return "failed_with_messages"
        return "imported_with_messages" if messages else "imported"

    def _take(self, packed: bytes) -> Iterator[Message]:
        with ZipFile(io.BytesIO(packed)) as archive:
            texts = {name.removesuffix(".csv"): archive.read(name).decode() for name in archive.namelist()}
        for file in _COLUMNS:
            rows = list(csv.DictReader(io.StringIO(texts.get(file, ""), newline="")))
            if rows and not _COLUMNS[file] <= rows[0].keys():
                raise KeyError(file)
            half = len(rows) // 2 if self.faults.has("failed") else len(rows)
            for line, row in enumerate(rows[:half], 2):
                if problem := self._problem(file, row):
                    yield f"{file}.csv", 0 if self.faults.has("lineless") else line, problem
                else:
                    self._keep(file, row)
            if half < len(rows):
                yield f"{file}.csv", half + 2, "Timeout while importing"
                return

    def _keep(self, file: str, row: Row) -> None:
        self.tables[file][_key(file, row)] = row
        if file == "users" and row["status"] == "deleted":
            gone = row["user_id"]
            for name in _KEYS:
                for key, tie in self.tables[name].items():
                    if gone in key:
                        self.tables[name][key] = {**tie, "status": "deleted"}

    def _problem(self, file: str, row: Row) -> str:
        """Why Canvas would skip a row, in its own manner: with the values of the row."""
        if row["status"] not in _STATUSES[file]:
            return f'Improper status "{row["status"]}" for {_key(file, row)}, skipping'
        return _PROBLEMS[file](self, row)

    def _parent(self, row: Row) -> str:
        parent = row["parent_account_id"]
        return f"Parent account didn't exist for {row['account_id']}" * bool(
            parent and not self._there("accounts", parent)
        )

    def _account(self, row: Row) -> str:
        if not row["short_name"] or not row["long_name"]:
            return f"No short_name given for course {row['course_id']}"
        known = self._there("accounts", row["account_id"])
        return "" if known else f'Account not found "{row["account_id"]}" for course {row["course_id"]}'

    def _course(self, row: Row) -> str:
        known = self._there("courses", row["course_id"])
        return "" if known else f"Section {row['section_id']} references course {row['course_id']} which doesn't exist"

    def _login(self, row: Row) -> str:
        for other in self.active("users"):
            if other["login_id"] == row["login_id"] and other["user_id"] != row["user_id"]:
                name = f"{other['first_name']} {other['last_name']}"
                return f"user {name} has already claimed {row['user_id']}'s requested login information, skipping"
        return ""

    def _enrolment(self, row: Row) -> str:
        if not self._there("sections", row["section_id"]):
            return f"An enrollment referenced a non-existent section {row['section_id']}"
        known = self._there("users", row["user_id"])
        return "" if known else f"User not found for enrollment (User ID: {row['user_id']})"

    def _observer(self, row: Row) -> str:
        known = self._there("users", row["observer_id"]) and self._there("users", row["student_id"])
        return "" if known else f"An observer referenced a non-existent user {row['observer_id']}"

    def _there(self, file: str, key: str) -> bool:
        row = self.tables[file].get((key,))
        return row is not None and row["status"] != "deleted"

    # -- lists --------------------------------------------------------------------------------------------------------

    def _page(self, asked: Asked, entries: list[dict[str, Any]], inside: str) -> Told:
        size, page = int(asked.one("per_page", "10")), int(asked.one("page", "1"))
        chosen = entries[size * (page - 1) : size * page]
        following = page + 1 if size * page < len(entries) else 1 if self.faults.has("circle") else 0
        url = f"http://{asked.headers['host']}{asked.path}"
        links = (("Link", f'<{url}?page={following}&per_page={size}>; rel="next"'),) if following else ()
        return _told({inside: chosen} if inside else chosen, headers=links)


_PROBLEMS: Final[Mapping[str, Callable[[CanvasSite, Row], str]]] = {
    "accounts": CanvasSite._parent,
    "courses": CanvasSite._account,
    "sections": CanvasSite._course,
    "users": CanvasSite._login,
    "enrollments": CanvasSite._enrolment,
    "user_observers": CanvasSite._observer,
}


def _key(file: str, row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in _KEYS.get(file, (f"{file.removesuffix('s')}_id",)))


def _listed(message: Message) -> dict[str, Any]:
    file, line, text = message
    return {"file": file, "row": line or None, "message": text, "row_info": "as it was sent"}


def _user(row: Row) -> dict[str, Any]:
    return {"id": 1, "sis_user_id": row["user_id"], "login_id": row["login_id"], "name": row["first_name"]}


def _told(answer: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Told:
    return Told(msgspec.json.encode(answer), status, headers=headers)
