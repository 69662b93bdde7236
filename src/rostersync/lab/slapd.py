"""A real OpenLDAP server on the loopback, with Feide's schema and accounts of several rights.

The program is copied into a folder of its own: where AppArmor guards Debian's slapd, it does so by its path, and would
not let it have its files anywhere else.
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from rostersync.errors import TryLater
from rostersync.lab.ldif import SUFFIX, schema

PASSWORD: Final = "a long pass phrase"  # noqa: S105 - of no use anywhere else
ADMIN: Final = f"cn=admin,{SUFFIX}"
READER: Final = f"cn=reader,{SUFFIX}"
FOLLOWER: Final = f"cn=follower,{SUFFIX}"
SHORT: Final = f"cn=short,{SUFFIX}"
"""Accounts: may do everything; reads pages; may also follow changes; gets five entries of anything and no more."""

_SCHEMA: Final = Path("/etc/ldap/schema")
_MODULES: Final = Path("/usr/lib/ldap")
_ANSWERS_WITHIN: Final = 10.0
"""Seconds for a server to begin to listen."""

_CONFIG: Final = """\
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: {folder}/pid
{tls}
dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: {modules}
olcModuleLoad: back_mdb
olcModuleLoad: syncprov

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file://{schema}/core.ldif
include: file://{schema}/cosine.ldif
include: file://{schema}/inetorgperson.ldif

{feide}

dn: olcDatabase={{1}}mdb,cn=config
objectClass: olcMdbConfig
olcDatabase: mdb
olcSuffix: {suffix}
olcDbDirectory: {folder}/db
olcDbMaxSize: 4294967296
olcDbNoSync: TRUE
olcRootDN: {admin}
olcRootPW: {password}
olcDbIndex: objectClass,uid,eduPersonPrincipalName eq,pres
olcDbIndex: norEduPersonNIN,entryUUID,entryCSN eq
olcDbIndex: norEduOrgUnitUniqueIdentifier,norEduOrgNIN pres
olcLimits: dn.exact="{follower}" size=unlimited time=unlimited
olcLimits: dn.exact="{short}" size.soft=5 size.hard=5 size.pr=5 size.prtotal=5
olcLimits: * size.soft=100 size.hard=100 size.pr={cap} size.prtotal=unlimited
olcAccess: to attrs=userPassword by anonymous auth by * none
olcAccess: to * by users read by anonymous auth by * none

dn: olcOverlay=syncprov,olcDatabase={{1}}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcSyncProvConfig
olcOverlay: syncprov
olcSpSessionlog: 1000
"""


class Tls(NamedTuple):
    """The files that a server needs to speak TLS, as PEM."""

    ca: Path
    certificate: Path
    key: Path


def program() -> Path | None:
    """The server's program; None when OpenLDAP is not on this machine."""
    found = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    return Path(found) if found and (_SCHEMA / "inetorgperson.ldif").exists() else None


class Slapd:
    """A server, from its making until `remove`. `url` is plain, `secure_url` encrypted from the first byte, with `tls` only.

    `page_cap` is the most entries on a page, as OpenLDAP writes it; `port` that of the plain address, any free one when 0.
    `folder` holds everything and is deleted at the end.

    Raises:
        TryLater: it cannot be made or started, with the end of what it said.
    """

    def __init__(
        self,
        program: Path,
        ldif: Path,
        *,
        page_cap: str = "unlimited",
        port: int = 0,
        tls: Tls | None = None,
        folder: Path | None = None,
    ) -> None:
        self.folder = folder or new_folder()
        self._wanted = port
        self._tls = tls
        self._program = self.folder / "slapd"
        shutil.copy2(program, self._program)
        try:
            self._configure(page_cap)
            self._load(ldif)
            self.start()
        except TryLater:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.port, self.secure_port = self._wanted or free_port(), free_port()
        self.url, self.secure_url = f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.secure_port}"
        where = f"{self.url}/ {self.secure_url}/" if self._tls else f"{self.url}/"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own copy of the machine's program
                [str(self._program), "-d", "0", "-h", where, "-F", str(self.folder / "slapd.d")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=_die_with_us,
            )  # fmt: skip
        give_up = time.monotonic() + _ANSWERS_WITHIN
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > give_up:
                Slapd.stop(self)
                raise TryLater(f"slapd does not start on port {self.port}: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop; what is in it stays."""
        self._process.terminate()
        self._process.wait(10)

    def remove(self) -> None:
        """Stop for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _configure(self, page_cap: str) -> None:
        for name in ("db", "slapd.d"):
            (self.folder / name).mkdir()
        text = _CONFIG.format(
            folder=self.folder, modules=_MODULES, schema=_SCHEMA, feide=schema().strip(), suffix=SUFFIX, admin=ADMIN,
            password=PASSWORD, follower=FOLLOWER, short=SHORT, cap=page_cap, tls=_certificates(self._tls),
        )  # fmt: skip
        config = self.folder / "config.ldif"
        config.write_text(text, encoding="utf-8")
        self._add("0", config)

    def _load(self, ldif: Path) -> None:
        """Put a whole tree in, and the accounts."""
        accounts = self.folder / "accounts.ldif"
        classes = "objectClass: organizationalRole\nobjectClass: simpleSecurityObject"
        accounts.write_text(
            "\n".join(f"dn: {dn}\n{classes}\nuserPassword: {PASSWORD}\n" for dn in (READER, FOLLOWER, SHORT))
        )
        self._add("1", ldif)
        self._add("1", accounts)

    def _add(self, database: str, ldif: Path) -> None:
        where = ["-n", database, "-F", str(self.folder / "slapd.d"), "-l", str(ldif)]
        command = [str(self._program), "-T", "add", "-q", *where]
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - as above
        if made.returncode:
            raise TryLater(f"slapadd: {made.stderr[-2000:]}")


def new_folder() -> Path:
    """A folder for a server: short enough that the addresses of its sockets fit, and where AppArmor does not look."""
    return Path(tempfile.mkdtemp(prefix="rostersync-slapd-", dir="/tmp"))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _certificates(tls: Tls | None) -> str:
    """The lines of the config that name them."""
    if tls is None:
        return ""
    named = {"CACertificate": tls.ca, "Certificate": tls.certificate, "CertificateKey": tls.key}
    return "".join(f"olcTLS{what}File: {path}\n" for what, path in named.items())


def _die_with_us() -> None:
    """Whoever is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
