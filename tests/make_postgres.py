"""A PostgreSQL server of the tests' own, from installed binaries; one database per test.

The schema is made once per server, by a store that is opened and closed; every test has a copy of that
database. Making one, and being started on an older one, has tests of its own.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from adapters.store import open_store
from gateway.serve import free_port

TEMPLATE = "isthmus_template"
FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def binaries() -> Path | None:
    """Folder of ``initdb`` and ``postgres``, None where no server is installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return next((folder for folder in FOLDERS if (folder / "initdb").exists()), None)


@contextmanager
def running_server() -> Iterator[str]:
    """Address of a fresh server, without a database name; it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="isthmus-postgres-"))
    port = free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, _user())
    _run(folder, "initdb", "--no-sync", "-A", "trust", "-U", "isthmus", "-E", "UTF8")
    # What is killed in a test is a gateway, never the server or the machine: it need not wait for the disk.
    (folder / "options").write_text(
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=60 -c fsync=off"
    )
    _start(folder)
    address = f"postgresql://isthmus@127.0.0.1:{port}"
    _FOLDERS[address] = folder
    try:
        _create(address, TEMPLATE)
        open_store(folder / "template", database=f"{address}/{TEMPLATE}").close()
        yield address
    finally:
        _run(folder, "pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


_FOLDERS: dict[str, Path] = {}


def restarted(address: str) -> None:
    """Stop a running server, its connections with it, and start it again."""
    folder = _FOLDERS[address]
    _run(folder, "pg_ctl", "-m", "fast", "-w", "stop")
    _start(folder)


def _user() -> str:
    # PostgreSQL refuses to run as root.
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _start(folder: Path) -> None:
    options = (folder / "options").read_text()
    _run(folder, "pg_ctl", "-l", str(folder / "log"), "-o", options, "-w", "start")


def _run(folder: Path, program: str, *arguments: str) -> None:
    programs = binaries()
    assert programs is not None
    as_user = {"user": _user()} if os.geteuid() == 0 else {}
    subprocess.run(
        [programs / program, "-D", folder / "data", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **as_user,
    )


def new_database(server: str) -> str:
    """Address of a new database with the schema and nothing in it."""
    name = f"t{uuid4().hex[:12]}"
    _create(server, name, f"TEMPLATE {TEMPLATE}")
    return f"{server}/{name}"


def bare_database(server: str) -> str:
    """Address of a new database without anything."""
    name = f"t{uuid4().hex[:12]}"
    _create(server, name)
    return f"{server}/{name}"


def _create(server: str, name: str, options: str = "") -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
