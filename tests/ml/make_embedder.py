"""A small encoder of MiniLM's layout with random weights, and its exact answer in 32-bit numpy."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np

WIDTH, INNER, LAYERS, HEADS = 96, 192, 2, 12
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "pain", "in", "the", "knee", "left", "##s", "heart")
PIECES = {word: number for number, word in enumerate(WORDS)}


def write_source(folder: Path) -> dict[str, str]:
    """Write ``model.safetensors`` and ``tokenizer.json``; their SHA-256 by name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(safetensors_of(random_weights()))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    names = ("model.safetensors", "tokenizer.json")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def safetensors_of(weights: dict[str, np.ndarray]) -> bytes:
    """The file format of safetensors, by hand."""
    header, values = {"__metadata__": {"format": "np"}}, b""
    for name, array in weights.items():
        content = array.astype("<f4").tobytes()
        offsets = [len(values), len(values) + len(content)]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": offsets}
        values += content
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


def random_weights() -> dict[str, np.ndarray]:
    """The same weights every time."""
    random = np.random.default_rng(7)

    def norm(name):
        gamma = 1 + 0.1 * random.standard_normal(WIDTH)
        return {f"{name}.weight": gamma, f"{name}.bias": 0.1 * random.standard_normal(WIDTH)}

    def linear(name, out, into):
        weight = random.standard_normal((out, into)) / math.sqrt(into)
        return {f"{name}.weight": weight, f"{name}.bias": 0.1 * random.standard_normal(out)}

    found = norm("embeddings.LayerNorm")
    for name, count in (("word", len(WORDS)), ("position", 512), ("token_type", 2)):
        found[f"embeddings.{name}_embeddings.weight"] = random.standard_normal((count, WIDTH))
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            found |= linear(f"{layer}.attention.{part}", WIDTH, WIDTH)
        found |= norm(f"{layer}.attention.output.LayerNorm")
        found |= linear(f"{layer}.intermediate.dense", INNER, WIDTH)
        found |= linear(f"{layer}.output.dense", WIDTH, INNER)
        found |= norm(f"{layer}.output.LayerNorm")
    return {name: array.astype(np.float32) for name, array in found.items()}


def exact(weights: dict[str, np.ndarray], ids: list[int], layers: int = LAYERS) -> np.ndarray:
    """What BERT with mean pooling says of one text (Devlin et al. 2019), length one."""
    erf = np.vectorize(math.erf, otypes=[np.float32])

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def heads(x):
        return x.reshape(len(ids), HEADS, -1).swapaxes(0, 1)

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(layers):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            heads(linear(x, f"{layer}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1])
        share = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (share / share.sum(-1, keepdims=True)) @ value
        mixed = mixed.swapaxes(0, 1).reshape(x.shape)
        attended = linear(mixed, f"{layer}.attention.output.dense")
        x = norm(x + attended, f"{layer}.attention.output.LayerNorm")
        inner = linear(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    pooled = x.mean(0)
    return pooled / np.linalg.norm(pooled)


def _tokenizer() -> dict:
    specials = [
        {"id": PIECES[word], "content": word, "special": True, "single_word": False}
        | {"lstrip": False, "rstrip": False, "normalized": False}
        for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    ]
    ends = {word: {"id": word, "ids": [PIECES[word]], "tokens": [word]} for word in WORDS[2:4]}
    around = [{"SpecialToken": {"id": word, "type_id": 0}} for word in WORDS[2:4]]
    middle = {"Sequence": {"id": "A", "type_id": 0}}
    single = [around[0], middle, around[1]]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": specials,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}
        | {"strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": single}
        | {"special_tokens": ends},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
        | {"max_input_chars_per_word": 100, "vocab": PIECES},
    }
