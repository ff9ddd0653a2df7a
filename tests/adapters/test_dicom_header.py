"""What the index reads of an instance, and what it refuses."""

import zlib
from io import BytesIO

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from adapters.dicom_header import read_header, same_object
from profiles.outcome import OperationOutcomeError
from tests.make_mr import write_series


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> bytes:
    """One MR slice."""
    return write_series(tmp_path_factory.mktemp("mr"), (4, 40, 36))[0].read_bytes()


def _changed(file: bytes, edit, syntax: str = "") -> bytes:
    dataset = pydicom.dcmread(BytesIO(file))
    edit(dataset)
    if syntax:
        dataset.file_meta.TransferSyntaxUID = syntax
    out = BytesIO()
    pydicom.dcmwrite(out, dataset)
    return out.getvalue()


def _refusal(content: bytes) -> str:
    with pytest.raises(OperationOutcomeError) as refused:
        read_header(content)
    return refused.value.kind.code


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_every_native_syntax_gives_the_same_header(file, syntax):
    """Implicit, explicit and deflated files say the same of patient and image."""
    first, other = read_header(file), read_header(_changed(file, lambda d: None, syntax))
    for field in ("sop_uid", "study_uid", "patient_id", "modality", "rows", "columns"):
        assert getattr(first, field) == getattr(other, field)
    assert syntax == other.transfer_syntax


def test_compressed_instance_is_read_without_decoding(file):
    """An encapsulated file has its syntax and size in the header."""
    packed = _changed(file, lambda d: d.compress(JPEG2000Lossless, generate_instance_uid=False))
    header = read_header(packed)
    assert (JPEG2000Lossless, 40, 36) == (header.transfer_syntax, header.rows, header.columns)


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_missing_uid_is_required(file, keyword):
    """An instance without one of its UIDs is refused by name."""
    assert _refusal(_changed(file, lambda d: d.__delattr__(keyword))) == "required"


@pytest.mark.parametrize(
    "value", ["../../etc/passwd", "1.2.3/../4", "1..2", "1." + "2" * 70, "abc"]
)
@pytest.mark.filterwarnings("ignore")
def test_path_like_and_malformed_uids_are_refused(file, value):
    """No UID that is none ever reaches a path, a query or a log."""

    def edit(dataset) -> None:
        element = pydicom.DataElement(
            "StudyInstanceUID", "UI", value, validation_mode=pydicom.config.IGNORE
        )
        dataset["StudyInstanceUID"] = element

    assert _refusal(_changed(file, edit)) == "structure"


def test_truncated_pixels_are_refused(file):
    """Half an image must not be acknowledged."""
    assert _refusal(file[:-100]) == "invalid"


def test_inflation_is_bounded(file, monkeypatch):
    """A deflated data set that inflates beyond the limit is refused before it is parsed."""
    from adapters import dicom_header

    monkeypatch.setattr(dicom_header, "LARGEST_INFLATED", 1000)
    packed = _changed(file, lambda d: None, DeflatedExplicitVRLittleEndian)
    assert _refusal(packed) == "too-costly"
    assert zlib.decompress(zlib.compress(b"x")) == b"x"


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 192", "Müller^Zoë"),
        ("ISO_IR 100", "Müller^Zoë"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ],
)
def test_names_are_decoded_by_their_character_set(file, charset, name):
    """UTF-8, Latin-1 and Japanese multi-byte names come out as text."""

    def edit(dataset) -> None:
        dataset.SpecificCharacterSet = charset
        dataset.PatientName = name

    assert name == read_header(_changed(file, edit)).patient_name


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
@pytest.mark.filterwarnings("ignore")
def test_garbage_is_an_error_and_nothing_else(content):
    """Arbitrary bytes never escape as another exception."""
    for candidate in (content, bytes(128) + b"DICM" + content):
        with pytest.raises(OperationOutcomeError):
            read_header(candidate)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(132, 1200), value=st.integers(0, 255))
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_byte_gives_a_header_or_an_error(file, place, value):
    """Any one byte changed: read, or refused with our error."""
    damaged = bytearray(file)
    damaged[place] = value
    try:
        read_header(bytes(damaged))
    except OperationOutcomeError:
        return


def test_same_object_in_another_syntax_is_the_same(file):
    """A resend in another transfer syntax is no other content; another pixel or attribute is."""
    implicit = _changed(file, lambda d: None, ImplicitVRLittleEndian)
    packed = _changed(file, lambda d: d.compress(JPEG2000Lossless, generate_instance_uid=False))
    assert same_object(file, implicit)
    assert same_object(file, packed)
    assert not same_object(file, _changed(file, lambda d: setattr(d, "PatientID", "X")))
    assert not same_object(file, file[:-2] + b"\x07\x07")
