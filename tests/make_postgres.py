"""A PostgreSQL server of the tests' own, from installed binaries; one database per test."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from gateway.serve import free_port

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
    programs = binaries()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="isthmus-postgres-"))
    port = free_port()
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    run = {"user": user} if os.geteuid() == 0 else {}
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "isthmus", "-E", "UTF8"],
        check=True,
        capture_output=True,
        cwd=folder,
        **run,
    )
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=60"
    subprocess.run(
        [
            programs / "pg_ctl",
            "-D",
            folder / "data",
            "-l",
            folder / "log",
            "-o",
            options,
            "-w",
            "start",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **run,
    )
    try:
        yield f"postgresql://isthmus@127.0.0.1:{port}"
    finally:
        subprocess.run(
            [programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd=folder,
            **run,
        )
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str) -> str:
    """Address of a new, empty database."""
    import psycopg

    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"
