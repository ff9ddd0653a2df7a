"""A PostgreSQL server of the tests' own, from installed binaries; one database at a time per test.

The schema is made once per server, by a store that is opened and closed; a test has a copy of that database,
or one that another test has given back and that was emptied. Making a schema, and bringing an older one
forward, have tests of their own.
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
from gateway.ports import free_port

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
        _NOTES[address] = _made(folder / "template", f"{address}/{TEMPLATE}")
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


def _made(folder: Path, address: str) -> list[tuple[str, str]]:
    """The notes of a store that was opened on a bare database, and closed."""
    import psycopg

    open_store(folder, database=address).close()
    with psycopg.connect(address) as connection:
        return connection.execute("SELECT name, value FROM note").fetchall()


def new_database(server: str) -> str:
    """Address of a new database with the schema and nothing in it."""
    name = f"t{uuid4().hex[:12]}"
    _create(server, name, f"TEMPLATE {TEMPLATE}")
    return f"{server}/{name}"


@contextmanager
def lent_database(server: str) -> Iterator[str]:
    """Address of a database with the schema and nothing in it, which other tests may have had before."""
    free = _FREE.setdefault(server, [])
    address = free.pop() if free else new_database(server)
    yield address
    if _emptied(server, address):
        free.append(address)


_FREE: dict[str, list[str]] = {}
_NOTES: dict[str, list[tuple[str, str]]] = {}
"""The only rows that a new schema has, by server."""


def _emptied(server: str, address: str) -> bool:
    """Make a database as the schema left it; no, where somebody is still connected to it."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        others = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if connection.execute(others).fetchone() != (0,):
            return False
        connection.execute(_EMPTY)
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO note VALUES (%s, %s)", _NOTES[server])
    return True


_EMPTY = """
DO $$ DECLARE name TEXT; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', name);
    END LOOP;
END $$
"""


def bare_database(server: str) -> str:
    """Address of a new database without anything."""
    name = f"t{uuid4().hex[:12]}"
    _create(server, name)
    return f"{server}/{name}"


def _create(server: str, name: str, options: str = "") -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
