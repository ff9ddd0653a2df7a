"""Small facts that belong to a store: its signing key, the generation of its parameters."""

import secrets
from typing import Any, Final

SIGNING_KEY: Final = "signing-key"


def note(connection: Any, name: str) -> str | None:
    """A note, None when there is none."""
    row = connection.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_note(connection: Any, name: str, value: str) -> None:
    """Write a note, inside the caller's transaction."""
    connection.execute(
        "INSERT INTO note (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def secret(connection: Any) -> bytes:
    """The key that signs page links; made once, the same for every process."""
    connection.execute(
        "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (SIGNING_KEY, secrets.token_hex(32)),
    )
    found = note(connection, SIGNING_KEY)
    return bytes.fromhex(found or "")
