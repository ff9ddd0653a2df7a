"""The models folder: which bundles are there, which are usable, and why the others are not.

A site drops bundles into its models folder; what ships stands behind them. Nothing here imports an
engine, so that ``isthmus doctor`` can explain models on an installation without one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.imaging.bundle.read import Bundle, read_bundle
from ml.imaging.bundle.refused import BundleRefused
from ml.speech.whisper_folder import HOW_TO_GET as HOW_TO_GET_SPEECH
from ml.speech.whisper_folder import checked_whisper, find_whisper
from ml.text.embedder import HOW_TO_GET, checked_manifest, find_embedder
from ml.text.minilm import MANIFEST, NAME
from profiles.outcome import OperationOutcomeError

SPEECH: Final = "speech"
SHIPPED: Final = Path(__file__).parent / "bundles"


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """One bundle folder for people: what it is, or why it is not used."""

    name: str
    text: str
    refused: bool


def bundle_folders(models: Path) -> tuple[Path, ...]:
    """Bundle folders, the site's before the shipped ones; a site's bundle replaces its namesake."""
    found: dict[str, Path] = {}
    for root in (models, SHIPPED):
        if root.is_dir():
            for folder in sorted(entry for entry in root.iterdir() if _is_bundle(entry)):
                found.setdefault(folder.name, folder)
    return tuple(found.values())


def read_bundles(models: Path) -> Iterator[Bundle | BundleRefused]:
    """Every bundle that passes the allow-list, and the refusal of every other one."""
    for folder in bundle_folders(models):
        try:
            yield read_bundle(folder)
        except BundleRefused as refused:
            yield refused


def describe_models(models: Path) -> tuple[ModelDescription, ...]:
    """One description per bundle folder, in the order in which they are preferred."""
    described = []
    for folder, bundle in zip(bundle_folders(models), read_bundles(models), strict=True):
        if isinstance(bundle, BundleRefused):
            described.append(ModelDescription(folder.name, f"refused: {bundle}", refused=True))
            continue
        use = "demonstration, synthetic phantoms only" if bundle.demonstration else "site's own"
        modality = ", ".join(sorted(bundle.modalities))
        text = f"{bundle.title} {bundle.version} on {modality} ({use})"
        if bundle.imports:
            text += "; its `imports` are not run"
        described.append(ModelDescription(folder.name, text, refused=False))
    return (*described, _describe_embedder(models), _describe_speech(models))


def _describe_embedder(models: Path) -> ModelDescription:
    folder = find_embedder(models)
    if folder is None:
        text = f"not here, so that codes are found by their words alone: {HOW_TO_GET}"
        return ModelDescription(NAME, text, refused=True)
    try:
        manifest = checked_manifest(folder)
    except OperationOutcomeError as error:
        return ModelDescription(NAME, f"refused: {error}", refused=True)
    text = f"{manifest['source']}, {manifest['licence']}, {manifest['sha256'][:12]}"
    return ModelDescription(NAME, text, refused=False)


def _describe_speech(models: Path) -> ModelDescription:
    folder = find_whisper(models)
    if folder is None:
        text = f"not here, so that recordings wait: {HOW_TO_GET_SPEECH}"
        return ModelDescription(SPEECH, text, refused=True)
    try:
        checked_whisper(folder)
    except OperationOutcomeError as error:
        return ModelDescription(SPEECH, f"refused: {error}", refused=True)
    return ModelDescription(SPEECH, f"{folder.name}, Whisper in CTranslate2 format", refused=False)


def _is_bundle(folder: Path) -> bool:
    """A folder that is neither hidden, nor the embedder's, nor one that holds a Whisper."""
    if not folder.is_dir() or folder.name.startswith((".", "_")):
        return False
    return not (folder / MANIFEST).is_file() and find_whisper(folder) is None
