"""Read a MONAI bundle folder as data; nothing in it is executed and no engine is imported.

The layout is MONAI's: ``configs/metadata.json`` with its required keys, ``configs/inference.json``,
``models/model.safetensors`` or ``models/model.pt`` (a state dict). A TorchScript file is a program
and is not run.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ml.imaging.bundle.allowed import (
    INFERERS,
    NETWORKS,
    POSTPROCESSING,
    POSTPROCESSING_NOT_NEEDED,
    REPLACED,
    TRANSFORMS,
    plain_name,
)
from ml.imaging.bundle.config import Config
from ml.imaging.bundle.refused import BundleRefused

MAX_CONFIG_BYTES: Final = 1_000_000
MAX_WEIGHTS_BYTES: Final = 2 * 1024**3
REQUIRED_METADATA: Final = ("version", "monai_version", "pytorch_version", "numpy_version")
MODALITIES: Final = {"MRI": "MR", "XRAY": "DX", "X-RAY": "DX", "PET": "PT", "MAMMOGRAPHY": "MG"}
"""MONAI's bundles name modalities freely; what differs from the DICOM term is translated."""
_WORD: Final = re.compile(r"[A-Z][A-Z-]*")
WEIGHTS: Final = ("model.safetensors", "model.pt")

Component = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """How the network sees a volume.

    Parameters
    ----------
    size : tuple of int, optional
        Voxels of one window; None when the bundle asks for the whole volume.
    overlap : float
        Share of a window that the next one covers again.
    """

    size: tuple[int, int, int] | None
    overlap: float


@dataclass(frozen=True)
class Head:
    """What the channels of the network mean.

    Parameters
    ----------
    activation : str
        ``sigmoid`` (each channel against nothing) or ``softmax`` (channels against each other).
    threshold : float
        Score from which a voxel belongs to the finding.
    """

    activation: str
    threshold: float


@dataclass(frozen=True)
class Bundle:
    """A bundle whose configuration has passed the allow-list.

    ``network`` and ``transforms`` are resolved components with plain ``_target_`` names.
    """

    name: str
    folder: Path
    metadata: Mapping[str, Any]
    network: Component
    transforms: tuple[Component, ...]
    window: Window
    head: Head
    weights: Path
    imports: bool = False

    @property
    def version(self) -> str:
        """Version of the bundle, from its metadata."""
        return str(self.metadata["version"])

    @property
    def title(self) -> str:
        """Name of the model for people."""
        return str(self.metadata.get("name", self.name))

    @property
    def modalities(self) -> frozenset[str]:
        """DICOM modalities of the images that it takes."""
        named = str(self.metadata["network_data_format"]["inputs"]["image"]["modality"])
        return frozenset(MODALITIES.get(part, part) for part in _WORD.findall(named.upper()))

    @property
    def ours(self) -> Mapping[str, Any]:
        """What a bundle says beyond MONAI's keys, for the records that are written."""
        section = self.metadata.get("isthmus", {})
        return section if isinstance(section, Mapping) else {}

    @property
    def demonstration(self) -> bool:
        """Whether it was trained on synthetic material only and claims no clinical validity."""
        return bool(self.ours.get("demonstration", False))


def read_bundle(folder: Path) -> Bundle:
    """Read and check the bundle in a folder.

    Raises
    ------
    BundleRefused
        A file or key is missing, or something asks to run code; the message names what and where.
    """
    metadata = _metadata(folder)
    config = Config("inference.json", _json(folder, "inference.json"))
    bundle = Bundle(
        name=folder.name,
        folder=folder,
        metadata=metadata,
        network=_network(config),
        transforms=_transforms(config),
        window=_window(config),
        head=_head(config),
        weights=_weights(folder),
        imports="imports" in config,
    )
    _check_channels(bundle)
    return bundle


def _metadata(folder: Path) -> Mapping[str, Any]:
    metadata = _json(folder, "metadata.json")
    absent = [key for key in (*REQUIRED_METADATA, "network_data_format") if key not in metadata]
    if absent:
        raise BundleRefused("metadata.json", f"the required keys {', '.join(absent)} are absent")
    try:
        channels = metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
        metadata["network_data_format"]["inputs"]["image"]["modality"]
    except (KeyError, TypeError):
        where = "metadata.json network_data_format"
        raise BundleRefused(
            where, "inputs::image::modality and outputs::pred::channel_def are needed"
        ) from None
    if not isinstance(channels, dict) or not channels:
        raise BundleRefused("metadata.json channel_def", "it must name every output channel")
    return metadata


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "configs" / name
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise BundleRefused(name, f"the file is larger than {MAX_CONFIG_BYTES} bytes")
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise BundleRefused(f"configs/{name}", "the file is absent; it must be JSON") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleRefused(
            name, f"the file is not readable JSON ({type(error).__name__})"
        ) from None
    if not isinstance(content, dict):
        raise BundleRefused(name, "the file must hold one JSON object")
    return content


def _network(config: Config) -> Component:
    key = "network_def" if "network_def" in config else "network"
    return _component(config, key, config.get(key), NETWORKS, "network")


def _transforms(config: Config) -> tuple[Component, ...]:
    kept = []
    for where, item in _steps(config, "preprocessing"):
        resolved = config.resolve(where, item)
        if _target(resolved) in REPLACED or _disabled(resolved):
            continue
        component = _component(config, where, resolved, TRANSFORMS, "transform")
        keys = component.get("keys", "image")
        if keys not in ("image", ["image"]):
            raise BundleRefused(
                f"{config.file} {where}::keys", f"`{keys}`: inference has the key `image` only"
            )
        kept.append(component)
    return tuple(kept)


def _steps(config: Config, key: str) -> list[tuple[str, Any]]:
    """Members of a ``Compose`` or of a plain list, unresolved, each with its key."""
    if key not in config:
        raise BundleRefused(f"{config.file} {key}", "the key is absent")
    value = config.raw(key)
    while isinstance(value, str) and value.startswith("@"):
        key, value = value[1:], config.raw(value[1:])
    if isinstance(value, dict) and _target(value) == "Compose":
        key, value = f"{key}::transforms", value.get("transforms", [])
    if isinstance(value, str) and value.startswith("@"):
        return _steps(config, value[1:].replace("#", "::"))
    if not isinstance(value, list):
        raise BundleRefused(f"{config.file} {key}", "it must be a Compose of transforms or a list")
    return [(f"{key}::{number}", item) for number, item in enumerate(value)]


def _window(config: Config) -> Window:
    if "inferer" not in config:
        raise BundleRefused("inference.json inferer", "the key is absent")
    raw = config.raw("inferer")
    needed = ("_target_", "roi_size", "overlap")  # devices and progress bars are ours to choose
    if isinstance(raw, dict):
        raw = {key: value for key, value in raw.items() if key in needed}
    resolved = config.resolve("inferer", raw)
    component = _component(config, "inferer", resolved, dict.fromkeys(INFERERS, ""), "inferer")
    if component["_target_"] == "SimpleInferer":
        return Window(None, 0.25)
    size = component.get("roi_size")
    overlap = component.get("overlap", 0.25)
    sizes = [size] * 3 if isinstance(size, int) else size
    if not (isinstance(sizes, list) and len(sizes) == 3 and all(_is_side(n) for n in sizes)):
        raise BundleRefused("inference.json inferer::roi_size", f"`{size}` is not three sizes")
    if not (isinstance(overlap, int | float) and 0 <= overlap < 0.95):
        raise BundleRefused("inference.json inferer::overlap", f"`{overlap}` is not a share")
    return Window((sizes[0], sizes[1], sizes[2]), float(overlap))


def _is_side(value: object) -> bool:
    return isinstance(value, int) and 8 <= value <= 1024


def _head(config: Config) -> Head:
    """Activation and threshold out of the steps that follow the network."""
    activation, threshold = "", 0.5
    for where, item in _steps(config, "postprocessing") if "postprocessing" in config else []:
        name = _target(item)
        if name not in POSTPROCESSING | POSTPROCESSING_NOT_NEEDED:
            raise BundleRefused(
                f"{config.file} {where}", f"the step `{name}` is not one that inference knows"
            )
        if name not in POSTPROCESSING:
            continue
        settings = {
            key: config.resolve(f"{where}::{key}", item[key])
            for key in ("sigmoid", "softmax", "argmax", "threshold")
            if item.get(key) is not None
        }
        if settings.get("sigmoid"):
            activation = "sigmoid"
        if settings.get("softmax") or settings.get("argmax"):
            activation = "softmax"
        if isinstance(settings.get("threshold"), float):
            threshold = settings["threshold"]
    return Head(activation or "softmax", threshold)


def _component(
    config: Config, key: str, value: Any, table: Mapping[str, str], kind: str
) -> Component:
    where = f"{config.file} {key}"
    if not isinstance(value, dict) or "_target_" not in value:
        raise BundleRefused(where, f"it must be one {kind} with a `_target_`")
    name = _target(value)
    if name not in table:
        raise BundleRefused(
            f"{where}::_target_",
            f"`{name}` is not among the {kind}s that are allowed ({', '.join(sorted(table))})",
        )
    return {**value, "_target_": name}


def _target(value: Any) -> str:
    target = value.get("_target_") if isinstance(value, dict) else None
    return plain_name(target) if isinstance(target, str) else ""


def _disabled(value: Any) -> bool:
    return isinstance(value, dict) and value.get("_disabled_") in (True, "true", "True")


def _weights(folder: Path) -> Path:
    for name in WEIGHTS:
        path = folder / "models" / name
        if path.is_file():
            if path.stat().st_size > MAX_WEIGHTS_BYTES:
                raise BundleRefused(f"models/{name}", "the weights are larger than 2 GiB")
            return path
    if (folder / "models" / "model.ts").exists():
        raise BundleRefused(
            "models/model.ts",
            "TorchScript is a program, and programs of a bundle are not run; "
            "supply models/model.safetensors or a state dict in models/model.pt",
        )
    raise BundleRefused("models", f"neither {' nor '.join(WEIGHTS)} is there")


def _check_channels(bundle: Bundle) -> None:
    """One input channel, and as many outputs as the metadata names."""
    network = bundle.network
    incoming = network.get("in_channels", 1)
    if incoming != 1:
        raise BundleRefused(
            "inference.json network in_channels", f"{incoming} channels; one series gives one"
        )
    named = bundle.metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
    outgoing = network.get("out_channels")
    if outgoing is not None and outgoing != len(named) and outgoing != 1:
        raise BundleRefused(
            "metadata.json channel_def", f"{len(named)} names for {outgoing} output channels"
        )
    if outgoing == 1 and bundle.head.activation == "softmax":
        raise BundleRefused(
            "inference.json postprocessing", "softmax over one channel says nothing"
        )
