"""Where the site's Whisper lies, whether it is whole, and its digests.

A directory of CTranslate2 (``ct2-transformers-converter --model openai/whisper-... --copy_files
tokenizer.json preprocessor_config.json``): ``model.bin`` with the name of its layout in its head,
``config.json``, a vocabulary and ``tokenizer.json``. Without the last, faster-whisper would fetch one
from the network: it is asked for here.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from profiles.outcome import OperationOutcomeError

MODEL: Final = "model.bin"
CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
VOCABULARIES: Final = ("vocabulary.json", "vocabulary.txt")
LAYOUT: Final = b"WhisperSpec"
"""CTranslate2 begins a model with its version and the name of its specification."""

_HEAD: Final = 64
_DEPTH: Final = 4

HOW_TO_GET: Final = (
    "put a Whisper directory in CTranslate2 format (model.bin, config.json, tokenizer.json, "
    "vocabulary.json, preprocessor_config.json) below the models folder, for example "
    "faster-whisper-large-v3-turbo, or configure an audio endpoint"
)


def find_whisper(models: Path) -> Path | None:
    """The first Whisper directory below the models folder, by its path; None without one."""
    return next(iter(sorted(_candidates(models, _DEPTH))), None)


def load_folder(models: Path) -> Path:
    """As ``find_whisper``.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` with what to put where.
    """
    folder = find_whisper(models)
    if folder is None:
        raise OperationOutcomeError("not-found", f"There is no speech model: {HOW_TO_GET}.")
    return folder


def checked_whisper(folder: Path) -> None:
    """Refuse a directory that is not whole.

    Raises
    ------
    OperationOutcomeError
        ``value`` with the name of the file that is absent or damaged.
    """
    for names in ((CONFIG,), (TOKENIZER,), VOCABULARIES):
        if not any((folder / name).is_file() for name in names):
            text = f"The speech model {folder.name} has no {' or '.join(names)}: {HOW_TO_GET}."
            raise OperationOutcomeError("value", text)
    for name in (CONFIG, TOKENIZER):
        try:
            json.loads((folder / name).read_bytes())
        except ValueError as error:
            text = f"The speech model {folder.name} has a damaged {name}."
            raise OperationOutcomeError("value", text) from error


def digests_of(folder: Path) -> tuple[tuple[str, str], ...]:
    """SHA-256 of every file that decides what is recognised, by name."""
    files = sorted(file for file in folder.iterdir() if file.suffix in (".bin", ".json", ".txt"))
    found = []
    for file in files:
        with file.open("rb") as opened:
            found.append((file.name, hashlib.file_digest(opened, "sha256").hexdigest()))
    return tuple(found)


def is_whisper(folder: Path) -> bool:
    """Whether a folder holds CTranslate2's Whisper layout."""
    try:
        with (folder / MODEL).open("rb") as file:
            return LAYOUT in file.read(_HEAD)
    except OSError:
        return False


def _candidates(folder: Path, depth: int) -> Iterator[Path]:
    if is_whisper(folder):
        yield folder
    elif depth and folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_dir():
                yield from _candidates(entry, depth - 1)
