"""``isthmus backup`` and ``isthmus restore``: a verified copy of the store, made while it is used.

The database is copied first, as of one moment; blobs are written before anything points to them and never
change, so those of the copy are all there when they are copied after it. A manifest names every file with its
SHA-256; restore believes nothing that does not match.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.store import Store, open_store, restore_database
from gateway.settings import load_settings
from profiles.outcome import OperationOutcomeError

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
_CHUNK: Final = 1 << 20


def backup(store: Store, target: Path) -> dict[str, Any]:
    """Copy a store into a new folder; the manifest (``conflict`` when the folder is not empty)."""
    _require_empty(target)
    store.back_up(target / DATABASE)
    for path in store.blobs.files():
        copy = target / "blobs" / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        if _digest(copy) != path.name:
            raise OperationOutcomeError("exception", "a blob of the archive is damaged")
    files = sorted(path for path in target.rglob("*") if path.is_file())
    manifest = {
        "counts": store.status(),
        "files": {str(path.relative_to(target)): _digest(path) for path in files},
    }
    (target / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def restore(source: Path, folder: Path, database: str = "") -> dict[str, Any]:
    """Make a store out of a backup, after every file has been verified.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` without a manifest, ``invalid`` for a file that is missing or damaged, ``conflict`` when
        there is a store already.
    """
    manifest = _verified(source)
    _require_empty(folder)
    for name in manifest["files"]:
        if name.startswith("blobs/"):
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, copy)
    restore_database(source / DATABASE, folder, database)
    store = open_store(folder, database=database)
    try:
        found, wanted = store.status()["resources"], manifest["counts"]["resources"]
        # Resources that were written while the backup ran may be in the copy, but never fewer.
        if found < wanted and database == "":
            raise OperationOutcomeError("invalid", "the restored store has fewer resources")
    finally:
        store.close()
    return manifest


def main_backup(arguments: Sequence[str]) -> int:
    """Back up the store of the settings into a folder."""
    parser = argparse.ArgumentParser(prog="isthmus backup", description="Copy the store, online.")
    parser.add_argument("folder", type=Path, help="new folder for the copy")
    target: Path = parser.parse_args(arguments).folder
    settings = load_settings()
    store = open_store(Path(settings.data), database=settings.database)
    try:
        manifest = backup(store, target)
    finally:
        store.close()
    sys.stdout.write(f"{len(manifest['files'])} files copied and verified\n")
    return 0


def main_restore(arguments: Sequence[str]) -> int:
    """Restore a backup into the empty data folder of the settings."""
    parser = argparse.ArgumentParser(
        prog="isthmus restore", description="Verify and restore a backup."
    )
    parser.add_argument("folder", type=Path, help="folder that `isthmus backup` made")
    source: Path = parser.parse_args(arguments).folder
    settings = load_settings()
    manifest = restore(source, Path(settings.data), settings.database)
    sys.stdout.write(f"{len(manifest['files'])} files verified and restored\n")
    return 0


def _verified(source: Path) -> dict[str, Any]:
    path = source / MANIFEST
    if not path.is_file():
        raise OperationOutcomeError("not-found", "there is no manifest: this is no whole backup")
    manifest: dict[str, Any] = orjson.loads(path.read_bytes())
    for name, digest in manifest["files"].items():
        file = source / name
        if ".." in Path(name).parts or not file.is_file() or _digest(file) != digest:
            raise OperationOutcomeError("invalid", f"the backup is damaged: {name}")
    return manifest


def _require_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise OperationOutcomeError("conflict", "the folder is not empty")
    folder.mkdir(parents=True, exist_ok=True)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
