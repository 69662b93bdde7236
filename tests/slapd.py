"""A real OpenLDAP server of the tests' own, on the loopback, with Feide's schema and accounts of several rights.

The program is copied into the temporary folder: where AppArmor guards Debian's slapd, it does so by its path, and would
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

import ldap
from ldap.controls.simple import ManageDSAITControl

from rostersync.lab.ldif import SUFFIX, schema
from tests.certificates import Authority

PASSWORD = "a long pass phrase"
ADMIN = f"cn=admin,{SUFFIX}"
READER = f"cn=reader,{SUFFIX}"
FOLLOWER = f"cn=follower,{SUFFIX}"
SHORT = f"cn=short,{SUFFIX}"
"""Accounts: may do everything; reads pages; may also follow changes; gets five entries of anything and no more."""
PAGE_CAP = 50
SCHEMA = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")

_CONFIG = """\
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: {folder}/pid
olcTLSCACertificateFile: {folder}/ca.pem
olcTLSCertificateFile: {folder}/server.pem
olcTLSCertificateKeyFile: {folder}/server.key

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


def program() -> Path | None:
    """The server's program; None when OpenLDAP is not on this machine."""
    found = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    return Path(found) if found and (SCHEMA / "inetorgperson.ldif").exists() else None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class Slapd:
    """A server. `url` is plain, `secure_url` encrypted from the first byte; `authority` has signed its certificate."""

    def __init__(self, program: Path, *, page_cap: str = str(PAGE_CAP), ldif: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rostersync-slapd-", dir="/tmp"))
        self._program = self.folder / "slapd"
        shutil.copy2(program, self._program)
        self.authority = Authority()
        self.authority.write(self.folder / "ca.pem")
        self.authority.issue(self.folder / "server.pem", self.folder / "server.key")
        self.ca = self.folder / "ca.pem"
        self._configure(page_cap)
        self.load(ldif or self._frame())
        self.start()

    def _configure(self, page_cap: str) -> None:
        for name in ("db", "slapd.d"):
            (self.folder / name).mkdir()
        text = _CONFIG.format(
            folder=self.folder, modules=MODULES, schema=SCHEMA, feide=schema().strip(), suffix=SUFFIX, admin=ADMIN,
            password=PASSWORD, follower=FOLLOWER, short=SHORT, cap=page_cap,
        )  # fmt: skip
        config = self.folder / "config.ldif"
        config.write_text(text, encoding="utf-8")
        self._add("0", config)

    def _frame(self) -> Path:
        path = self.folder / "frame.ldif"
        path.write_text(f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: lysvik\no: Lysvik\n")
        return path

    def load(self, ldif: Path) -> None:
        """Put a whole tree in, and the accounts; only while the server is down."""
        accounts = self.folder / "accounts.ldif"
        classes = "objectClass: organizationalRole\nobjectClass: simpleSecurityObject"
        accounts.write_text(
            "\n".join(f"dn: {dn}\n{classes}\nuserPassword: {PASSWORD}\n" for dn in (READER, FOLLOWER, SHORT))
        )
        self._add("1", ldif)
        self._add("1", accounts)

    def _add(self, database: str, ldif: Path) -> None:
        command = [
            str(self._program),
            "-T",
            "add",
            "-q",
            "-n",
            database,
            "-F",
            str(self.folder / "slapd.d"),
            "-l",
            str(ldif),
        ]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"slapadd: {made.stderr[-2000:]}")

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.port, self.secure_port = free_port(), free_port()
        self.url, self.secure_url = f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.secure_port}"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._program), "-d", "0", "-h", f"{self.url}/ {self.secure_url}/", "-F", str(self.folder / "slapd.d")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_us,
            )  # fmt: skip
        for _ in range(200):
            try:
                self.connection = ldap.initialize(self.url)
                self.connection.simple_bind_s(ADMIN, PASSWORD)
            except ldap.SERVER_DOWN:
                if self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("slapd does not answer")

    def stop(self) -> None:
        """Stop; what is in it stays."""
        self.connection.unbind_s()
        self._process.terminate()
        self._process.wait(10)

    def remove(self) -> None:
        """Stop for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what is in it ------------------------------------------------------------------------------------------------

    def add(self, dn: str, **attributes: str | bytes | list[str | bytes]) -> str:
        """Add an entry; gives its DN."""
        self.connection.add_s(dn, [(name, _values(found)) for name, found in attributes.items()])
        return dn

    def change(self, dn: str, **attributes: str | bytes | list[str | bytes]) -> None:
        """Replace attributes; an empty list removes one."""
        self.connection.modify_s(
            dn, [(ldap.MOD_REPLACE, name, _values(one) or None) for name, one in attributes.items()]
        )

    def delete(self, dn: str) -> None:
        """Delete an entry, be it only a pointer to another server."""
        self.connection.delete_ext_s(dn, serverctrls=[ManageDSAITControl(True)])


def _values(found: str | bytes | list[str | bytes]) -> list[bytes]:
    several = found if isinstance(found, list) else [found]
    return [one.encode() if isinstance(one, str) else one for one in several]


def _die_with_us() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
