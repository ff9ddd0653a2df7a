"""The database is opened so that a commit is on the disk."""

import apsw
import pytest

from adapters.sqlite.connection import connect
from adapters.store import open_store
from profiles.outcome import OperationOutcomeError


def test_commits_are_durable(tmp_path):
    """WAL with synchronous=FULL: an acknowledged commit survives a power cut."""
    open_store(tmp_path).close()
    connection = connect(tmp_path / "isthmus.sqlite")
    assert connection.execute("PRAGMA journal_mode").get == "wal"
    assert connection.execute("PRAGMA synchronous").get == 2
    connection.close()


def test_a_store_of_a_newer_program_is_not_touched(tmp_path):
    """A schema version from the future is refused."""
    open_store(tmp_path).close()
    raw = apsw.Connection(str(tmp_path / "isthmus.sqlite"))
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(OperationOutcomeError) as refused:
        open_store(tmp_path)
    assert refused.value.kind.code == "not-supported"
