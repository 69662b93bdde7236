#!/usr/bin/env bash
# Makes a virtual environment with everything at pinned versions. Quiet when all is well; one line when a step cannot work.
set -euo pipefail
venv=$1

need() { # need PACKAGE REASON: install a Debian package, or say in one line what to install
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $1 ($2)"
    { apt-get install -qq -y "$1" || { apt-get update -qq && apt-get install -qq -y "$1"; }; } >/dev/null 2>&1 && return
  fi
  echo "please install $1 ($2), for example: sudo apt-get install $1" >&2
  exit 1
}

python=python3
command -v $python >/dev/null || need python3 "rostersync is written in Python"
$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "rostersync needs Python 3.11 or newer; $($python --version) is too old" >&2
  exit 1
}
$python -c 'import ensurepip' 2>/dev/null || need python3-venv "for the virtual environment"

# only tests need it, to look at systemd/rostersync.service; without it they are skipped
command -v systemd-analyze >/dev/null || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || (need systemd "to check the unit") || true
# Only the tests need it, so a machine on which it cannot be installed is told so and goes on without.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || (need postgresql "the tests bring up a server of their own") || true
[ -x /usr/sbin/sshd ] || command -v sshd >/dev/null || (need openssh-server "the tests fetch files by SFTP") || true

# python-ldap is built from source. The server and its tools are only for tests, which are skipped without them.
{ [ -e /usr/include/ldap.h ] && [ -e /usr/include/sasl/sasl.h ]; } || {
  need libldap-dev "to build python-ldap"
  need libsasl2-dev "to build python-ldap"
}
command -v cc >/dev/null || need gcc "to build python-ldap"
[ -e "$($python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || need python3-dev "to build python-ldap"
[ -x /usr/sbin/slapd ] || (need slapd "the tests bring up a directory of their own") || true

[ -x "$venv/bin/python" ] || $python -m venv "$venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$venv/bin/pip" install -qq --require-hashes -r requirements/dev.txt
"$venv/bin/pip" install -qq --no-deps --no-build-isolation -e .
