"""What a speech model computes on: a graphics processor where one can be used, else the processor.

The number of CUDA devices and the types that each kind of device computes with are what CTranslate2 says
itself. It loads cuBLAS only when it first multiplies, so that a GPU whose libraries are absent is found out
by a try and not by looking: ``WhisperEngine`` makes one and goes on to the next row.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

AUTO: Final = "auto"
CPU: Final = "cpu"
CUDA: Final = "cuda"
DEVICES: Final = (AUTO, CPU, CUDA)

PREFERRED: Final = {CUDA: ("float16", "int8_float32", "float32"), CPU: ("int8", "float32")}
"""Of the types that a device has, the first is taken: half precision needs compute capability 7.0, whole
numbers an instruction set that CTranslate2 knows (its documentation, "Quantization")."""

COMPUTE_TYPES: Final = (
    AUTO,
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
)

_LIBRARY: Final = re.compile(r"\blib\w+\.so(?:\.\d+)*|\b\w+\.dll\b")
_KNOWN: Final = (
    ("out of memory", "its memory is too small for the model"),
    ("driver", "its driver is older than CTranslate2 needs"),
)


@dataclass(frozen=True, slots=True)
class Computing:
    """A device and the type of the numbers on it; printed as ``int8 on cpu``."""

    device: str
    compute_type: str

    def __str__(self) -> str:
        return f"{self.compute_type} on {self.device}"


def choices(device: str = AUTO, compute_type: str = AUTO) -> tuple[Computing, ...]:
    """What to compute on, the best first; the rest is for when it cannot be used.

    Parameters
    ----------
    device : str
        One of ``DEVICES``.
    compute_type : str
        One of ``COMPUTE_TYPES``; a device that has it not is passed over.

    Raises
    ------
    OperationOutcomeError
        ``value`` for a name that is none of them, and where no device has what is asked for.
    """
    checked(device, compute_type)
    ctranslate2: Any = import_module("ctranslate2")
    wanted = (CUDA, CPU) if device == AUTO else (device,)
    rows = []
    for name in wanted:
        if name == CUDA and not ctranslate2.get_cuda_device_count():
            continue
        types = ctranslate2.get_supported_compute_types(name)
        asked = PREFERRED[name] if compute_type == AUTO else (compute_type,)
        rows += [Computing(name, one) for one in asked if one in types][:1]
    if not rows:
        what = "No GPU" if device == CUDA else "No device"
        how = "" if compute_type == AUTO else f" that computes with {compute_type}"
        text = f"{what}{how} is found here: the settings speech_device and speech_compute_type."
        raise OperationOutcomeError("value", text)
    return tuple(rows)


def checked(device: str, compute_type: str) -> None:
    """Refuse names that are none.

    Raises
    ------
    OperationOutcomeError
        ``value`` with those there are.
    """
    if device not in DEVICES:
        text = f"speech_device is one of {', '.join(DEVICES)}"
        raise OperationOutcomeError("value", text, "speech_device")
    if compute_type not in COMPUTE_TYPES:
        text = f"speech_compute_type is one of {', '.join(COMPUTE_TYPES)}"
        raise OperationOutcomeError("value", text, "speech_compute_type")


def why_unusable(error: Exception) -> str:
    """Why a device could not be used, in words of ours: an engine's message may hold a path."""
    said = str(error)
    library = _LIBRARY.search(said)
    if library:
        return f"the library {library[0]} cannot be loaded"
    return next((text for word, text in _KNOWN if word in said.lower()), "it failed on a try")
