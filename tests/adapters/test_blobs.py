"""Blobs: content-addressed, durable before anything points to them, and nothing half-written stays."""

import errno
import os

import pytest

from adapters.blobs import BlobFolder
from profiles.outcome import OperationOutcomeError


def test_same_content_is_one_file(tmp_path):
    """Two puts of the same bytes give the same digest and one file."""
    blobs = BlobFolder(tmp_path)
    first, second = blobs.put(b"content"), blobs.put([b"con", b"tent"])
    assert first == second
    assert blobs.read(first[0]) == b"content"
    assert len([f for f in tmp_path.rglob("*") if f.is_file()]) == 1


def test_content_is_synced_before_it_has_its_name(tmp_path, monkeypatch):
    """Fsync of the file comes before the rename, fsync of the folder after it."""
    events: list[str] = []
    sync, replace = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), sync(fd))[1])
    from pathlib import Path

    original = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (events.append("rename"), original(self, target))[1]
    )
    BlobFolder(tmp_path).put(b"content")
    assert replace is os.rename
    at = events.index("rename")
    assert "fsync" in events[:at]
    assert "fsync" in events[at:]


def test_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    """ENOSPC while writing becomes no-store; no part file stays."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    blobs = BlobFolder(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OperationOutcomeError) as refused:
        blobs.put(b"content")
    assert refused.value.kind.code == "no-store"
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []


def test_reserve_is_never_used_up(tmp_path):
    """Below the reserve nothing is taken, so that the index can still commit."""
    with pytest.raises(OperationOutcomeError) as refused:
        BlobFolder(tmp_path, reserve_bytes=1 << 60).put(b"content")
    assert refused.value.kind.code == "no-store"


def test_sweep_removes_what_a_crash_left(tmp_path):
    """Part files go, whole blobs stay."""
    blobs = BlobFolder(tmp_path)
    digest, _ = blobs.put(b"content")
    (tmp_path / "abc.part").write_bytes(b"half")
    assert blobs.sweep() == 1
    assert blobs.read(digest) == b"content"


def test_a_file_in_pieces_is_kept_or_gone(tmp_path):
    """Pieces become one blob; what is left before its end leaves nothing, and no sweep takes it meanwhile."""
    blobs = BlobFolder(tmp_path)
    with blobs.incoming() as file:
        for piece in (b"con", b"", b"tent"):
            file.write(piece)
        assert BlobFolder(tmp_path).sweep() == 0
        assert file.keep() == blobs.put(b"content")
    with blobs.incoming() as file:
        file.write(b"half")
    assert [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()] == [b"content"]
