"""A speech model computes on what the machine has, and says why it does not where it cannot."""

from types import SimpleNamespace

import pytest

from ml.speech import computing, whisper
from ml.speech.computing import COMPUTE_TYPES, Computing, choices, why_unusable
from ml.speech.whisper import WhisperEngine
from profiles.outcome import OperationOutcomeError

NO_CUBLAS = "Library libcublas.so.12 is not found or cannot be loaded"


@pytest.fixture
def machine(monkeypatch):
    """A machine whose devices a test decides."""

    def has(gpus=1, cuda=("float32", "float16", "int8_float32"), cpu=("int8", "float32")):
        types = {"cuda": set(cuda), "cpu": set(cpu)}
        library = SimpleNamespace(
            get_cuda_device_count=lambda: gpus, get_supported_compute_types=types.__getitem__
        )
        monkeypatch.setattr(computing, "import_module", lambda _: library)

    return has


@pytest.mark.parametrize(
    ("has", "asked", "expected"),
    [
        ({"gpus": 0}, (), ["int8 on cpu"]),
        ({}, (), ["float16 on cuda", "int8 on cpu"]),
        ({"cuda": ("float32", "int8_float32")}, (), ["int8_float32 on cuda", "int8 on cpu"]),
        ({"gpus": 0, "cpu": ("float32",)}, (), ["float32 on cpu"]),
        ({}, ("cpu",), ["int8 on cpu"]),
        ({}, ("cuda",), ["float16 on cuda"]),
        ({}, ("auto", "float16"), ["float16 on cuda"]),
        ({}, ("auto", "float32"), ["float32 on cuda", "float32 on cpu"]),
        ({}, ("cpu", "float32"), ["float32 on cpu"]),
    ],
)
def test_the_best_of_what_is_there_comes_first(machine, has, asked, expected):
    """A GPU stands before the processor, each with the best type that it has, or the one asked for."""
    machine(**has)
    assert [str(row) for row in choices(*asked)] == expected


@pytest.mark.parametrize(
    ("has", "asked", "text"),
    [
        ({"gpus": 0}, ("cuda",), "No GPU is found"),
        ({}, ("cpu", "float16"), "computes with float16"),
        ({}, ("gpu",), "speech_device is one of auto, cpu, cuda"),
        ({}, ("auto", "int4"), "speech_compute_type is one of auto, int8"),
    ],
)
def test_what_is_not_there_is_refused_with_a_reason(machine, has, asked, text):
    """A device or a type that is asked for and absent is not replaced by another one."""
    machine(**has)
    with pytest.raises(OperationOutcomeError, match=text) as refused:
        choices(*asked)
    assert refused.value.kind_name == "value"


def test_the_types_are_those_of_the_engine():
    """Every type that CTranslate2 has on this processor can be asked for by its name."""
    ctranslate2 = pytest.importorskip("ctranslate2")
    assert ctranslate2.get_supported_compute_types("cpu") <= set(COMPUTE_TYPES)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (NO_CUBLAS, "the library libcublas.so.12 cannot be loaded"),
        ("Library cublas64_12.dll is not found", "the library cublas64_12.dll cannot be loaded"),
        ("CUDA failed with error out of memory", "its memory is too small for the model"),
        ("CUDA driver version is insufficient", "its driver is older than CTranslate2 needs"),
        ("/srv/models/secret: broken", "it failed on a try"),
    ],
)
def test_a_reason_is_ours_and_names_no_path(said, expected):
    """What an engine says is put into our words, with the name of the library and nothing else of it."""
    assert why_unusable(RuntimeError(said)) == expected


@pytest.fixture
def broken_gpu(machine, monkeypatch):
    """A GPU that is found, takes the model, and has no library to multiply with."""
    machine()
    real = whisper._on

    def on(row, folder):
        if row.device == "cuda":
            raise RuntimeError(NO_CUBLAS)
        return real(row, folder)

    monkeypatch.setattr(whisper, "_on", on)


def test_a_gpu_without_its_libraries_leaves_the_processor(broken_gpu, models):
    """The model runs on the processor then, and why is kept for who looks."""
    engine = WhisperEngine(models / "whisper-tiny")
    assert engine.computing == Computing("cpu", "int8")
    assert (
        engine.passed_over == "The GPU is not used: the library libcublas.so.12 cannot be loaded."
    )
    assert engine.version.endswith("(int8 on cpu)")
    assert engine.batch <= whisper.MOST_ON_CPU


def test_a_gpu_that_was_asked_for_is_not_replaced(broken_gpu, models):
    """Where the site has said cuda, the worker is off with the reason instead of slow without one."""
    with pytest.raises(OperationOutcomeError, match=r"libcublas\.so\.12 cannot be loaded"):
        WhisperEngine(models / "whisper-tiny", "cuda")


def test_a_type_that_is_asked_for_is_used(models):
    """The model computes with the type of the setting, and says so."""
    engine = WhisperEngine(models / "whisper-tiny", "cpu", "float32")
    assert engine.version.endswith("(float32 on cpu)")
    assert engine.passed_over == ""
