"""A Whisper of a few hundred kilobytes that recites a text whatever it hears.

It goes through every step that a real one does (CTranslate2's loader and search, mel spectrogram,
alignment of words by cross-attention) and understands nothing: its position embeddings point at the words
of the text, and every other weight is small and random. With it the path around a model is tried and
measured where no model can be had; how well a real one recognises is not shown by it.
"""

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MELS: Final = 80
HEAD: Final = 64
WIDENED: Final = 4
"""A head's width, and how much wider the inner layer of a feed-forward network is, of every Whisper."""

VOCABULARY: Final = 51_865
"""Tokens of the multilingual Whispers up to large-v2; a search looks at each of them at every step."""

POSITIONS: Final = 448
FRAMES: Final = 1500
TIMESTAMPS: Final = 1501
"""Positions and frames of every Whisper; a token for each 0.02 s of 30 s."""

_MULTILINGUAL: Final = "\u00ab\u00bb"
"""CTranslate2 takes a Whisper that has a token of no letters for a multilingual one; this stands for it in
the tokenizer, where a token has letters."""

LANGUAGES: Final = ("en", "es", "de", "fr")
END: Final = "<|endoftext|>"
_BEFORE_LANGUAGES: Final = (END, "<|startoftranscript|>")
_BEHIND_LANGUAGES: Final = (
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recital:
    """What a model recites and how.

    Parameters
    ----------
    text : str
    sureness : float
        Scale of the logits: 1 is certain, 0.08 is a guess.
    multilingual : bool
    speech : bool
        False for one that takes everything for no speech.
    width, layers : int
        Size of the encoder and of the decoder; 384 and 4 are those of Whisper tiny, 512 and 6 of base.
    vocabulary : int
        Least number of tokens; those that the text has not are never said.
    """

    text: str
    sureness: float = 1.0
    multilingual: bool = False
    speech: bool = True
    width: int = 64
    layers: int = 2
    vocabulary: int = 0


def write_whisper(folder: Path, recital: Recital) -> Path:
    """Write a directory that faster-whisper loads.

    Parameters
    ----------
    folder : Path
        Made with its parents.
    recital : Recital

    Returns
    -------
    Path
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(recital)
    tokenizer.save(str(folder / "tokenizer.json"))
    known = (tokenizer.id_to_token(number) for number in range(tokenizer.get_vocab_size()))
    names = ["" if name == _MULTILINGUAL else name for name in known]
    specs: Any = importlib.import_module("ctranslate2.specs")
    layers, heads = recital.layers, recital.width // HEAD
    spec = specs.WhisperSpec(layers, heads, layers, heads)
    _Filling(recital).fill(spec, _script(tokenizer, recital), len(names))
    spec.register_vocabulary(names)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokenizer.token_to_id(END)]
    spec.config.lang_ids = [tokenizer.token_to_id(f"<|{one}|>") for one in LANGUAGES]
    spec.config.alignment_heads = [(layers - 1, head) for head in range(heads)]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def _tokenizer(recital: Recital) -> Any:
    """Byte-level BPE of the text, then Whisper's special tokens in their order."""
    tokenizers: Any = importlib.import_module("tokenizers")
    level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer, made.decoder = level, tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=2000, initial_alphabet=sorted(level.alphabet()), show_progress=False
    )
    made.train_from_iterator([recital.text] * 2, trainer)
    special = [*_BEFORE_LANGUAGES, *(f"<|{one}|>" for one in LANGUAGES), *_BEHIND_LANGUAGES]
    special += [f"<|{number * 0.02:.2f}|>" for number in range(TIMESTAMPS)]
    described = json.loads(made.to_str())
    words = described["model"]["vocab"]
    if recital.multilingual:
        words[_MULTILINGUAL] = len(words)
    for number in range(len(words), recital.vocabulary - len(special)):
        words[f"\u00ab{number}\u00bb"] = number
    made = tokenizers.Tokenizer.from_str(json.dumps(described))
    made.add_special_tokens(special)
    return made


def _script(tokenizer: Any, recital: Recital) -> list[int]:
    """The token that follows each position."""
    words = tokenizer.encode(recital.text, add_special_tokens=False).ids
    first = tokenizer.token_to_id("<|nospeech|>" if not recital.speech else "<|notimestamps|>")
    # In front of the text stand the start and, of a multilingual model, the language and the task.
    before = [first] * (3 if recital.multilingual else 1)
    script = [*before, *words][: POSITIONS - 1]
    return script + [tokenizer.token_to_id(END)] * (POSITIONS - len(script))


class _Filling:
    """Weights that are small and random, but for the way from a position to its word."""

    def __init__(self, recital: Recital) -> None:
        self._random = np.random.default_rng(7)
        self._sureness = recital.sureness
        self._width = recital.width

    def fill(self, spec: Any, script: Sequence[int], words: int) -> None:
        """Set every weight."""
        width, encoder, decoder = self._width, spec.encoder, spec.decoder
        encoder.conv1.weight, encoder.conv1.bias = self._small(width, MELS, 3), self._small(width)
        encoder.conv2.weight, encoder.conv2.bias = self._small(width, width, 3), self._small(width)
        encoder.position_encodings.encodings = 50 * self._small(FRAMES, width)
        embeddings = 50 * self._small(words, width)
        decoder.embeddings.weight = embeddings
        decoder.projection.weight = embeddings.copy()
        decoder.position_encodings.encodings = 8 * embeddings[list(script)]
        self._norm(encoder.layer_norm, 1.0)
        self._norm(decoder.layer_norm, self._sureness)
        for layer in (*encoder.layer, *decoder.layer):
            self._attention(layer.self_attention, (3, 1))
            if hasattr(layer, "attention"):
                self._attention(layer.attention, (1, 2, 1))
            self._norm(layer.ffn.layer_norm, 1.0)
            self._linear(layer.ffn.linear_0, WIDENED * width, width)
            self._linear(layer.ffn.linear_1, width, WIDENED * width)

    def _attention(self, spec: Any, parts: Sequence[int]) -> None:
        """Queries, keys and values of the layer's own input in one matrix, of another's in two."""
        self._norm(spec.layer_norm, 1.0)
        for linear, part in zip(spec.linear, parts, strict=True):
            self._linear(linear, part * self._width, self._width)

    def _linear(self, spec: Any, out: int, into: int) -> None:
        spec.weight, spec.bias = self._small(out, into), self._small(out)

    def _norm(self, spec: Any, scale: float) -> None:
        spec.gamma = np.full(self._width, scale, np.float32)
        spec.beta = np.zeros(self._width, np.float32)

    def _small(self, *shape: int) -> Weights:
        return (0.02 * self._random.standard_normal(shape)).astype(np.float32)
