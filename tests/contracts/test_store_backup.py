"""A backup of any store is whole, or it is not believed."""

import shutil

import pytest

from adapters.store import Span, open_store
from gateway.backup import MANIFEST, backup, restore
from profiles.outcome import OperationOutcomeError
from tests.make_postgres import bare_database


@pytest.fixture
def copied(store, database, tmp_path):
    """A store with a resource, its history and a blob, and a backup of it."""
    if database and shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "a", "gender": "male"}))
    store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "a", "gender": "female"}))
    store.blobs.put(b"pixels")
    backup(store, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_restored_store_has_everything(copied, database, tmp_path, request):
    """Resources, versions, what finds them, and blobs."""
    target = bare_database(request.getfixturevalue("postgres_server")) if database else ""
    restore(copied, tmp_path / "new", target)
    opened = open_store(tmp_path / "new", database=target)
    assert len(opened.versions(Span(("Patient",), "a")).page(None, 9)) == 2
    assert opened.search("Patient", [("gender", "female")]).total == 1
    assert len(opened.blobs.files()) == 1
    opened.close()


def test_a_damaged_backup_is_refused(copied, tmp_path):
    """A changed byte, a missing file, a missing manifest: nothing is restored."""
    blob = next(path for path in (copied / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"pixelz")
    with pytest.raises(OperationOutcomeError):
        restore(copied, tmp_path / "new")
    (copied / MANIFEST).unlink()
    with pytest.raises(OperationOutcomeError):
        restore(copied, tmp_path / "new")
    assert not (tmp_path / "new").exists()
