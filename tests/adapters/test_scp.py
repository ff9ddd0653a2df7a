"""C-ECHO and C-STORE over real sockets: statuses, syntaxes, allow lists, hostile bytes."""

import socket
import struct
import threading

import pydicom
import pytest
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    MRImageStorage,
)
from pynetdicom import AE, AllStoragePresentationContexts, build_context

from adapters.dimse.scu import associate, echo, send_instances
from profiles.outcome import OperationOutcomeError

NAMES = {"calling_ae": "TESTER", "called_ae": "ISTHMUS"}


def _send(archive, files, **names: str) -> tuple[int, ...]:
    return send_instances(files, "127.0.0.1", archive.port, **{**NAMES, **names})


def _alive(archive) -> bool:
    return echo("127.0.0.1", archive.port, **NAMES)


def test_echo_is_answered(archive):
    """C-ECHO gives success."""
    assert _alive(archive)


def test_success_means_that_the_instance_was_kept(archive, files):
    """Every file is answered 0x0000, and its data set arrived byte for byte."""
    assert {0} == set(_send(archive, files))
    sent = {pydicom.dcmread(f).SOPInstanceUID for f in files}
    assert sent == {instance.header.sop_uid for instance in archive.received}
    assert files[0].read_bytes()[-500:] == archive.received[0].part10[-500:]


def test_an_answer_that_the_association_takes_first_still_reaches_the_sender(archive):
    """The thread of pynetdicom's that reads beside the sender never costs it an answer."""
    association = associate(
        "127.0.0.1", archive.port, "TESTER", "ISTHMUS", [build_context("1.2.840.10008.1.1")]
    )
    association.dimse_timeout = 5
    taken = threading.Event()
    serve, receive = association._serve_request, association.dimse.get_msg

    def serve_request(message, context_id):
        serve(message, context_id)
        taken.set()

    def get_msg(block=False):
        if block:
            assert taken.wait(20)
        return receive(block)

    association._serve_request, association.dimse.get_msg = serve_request, get_msg
    # A pause that never begins: what a busy machine makes of a short moment.
    association._reactor_checkpoint.clear = lambda: None
    association._is_paused = True
    assert association.send_c_echo().Status == 0x0000
    del association._reactor_checkpoint.clear
    association.release()


def test_the_answer_waits_for_the_commit(archive, files):
    """No response leaves before the callback has returned."""
    release, answered = threading.Event(), threading.Event()
    archive.answer = lambda instance: release.wait(20) and None
    sender = threading.Thread(target=lambda: (_send(archive, files[:1]), answered.set()))
    sender.start()
    assert not answered.wait(0.3)
    release.set()
    sender.join(20)
    assert answered.is_set()


@pytest.mark.parametrize(
    ("kind", "status"),
    [("no-store", 0xA700), ("duplicate", 0xA901), ("structure", 0xC000), ("exception", 0xC0FF)],
)
def test_each_refusal_has_its_own_status(archive, files, kind, status):
    """Disk full, duplicate, malformed and internal errors are told apart on the wire."""
    archive.refuse(kind)
    assert (status,) == _send(archive, files[:1])
    archive.answer = lambda instance: None
    assert _send(archive, files[:1]) == (0,)


def test_an_unexpected_fault_is_a_failure_not_a_success(archive, files):
    """A bug behind the callback is answered as a failure, and the server keeps serving."""

    def fail(instance) -> None:
        raise ZeroDivisionError

    archive.answer = fail
    assert _send(archive, files[:1]) == (0xC0FF,)
    assert _alive(archive)


def test_compressed_stays_compressed(archive, files, tmp_path):
    """A JPEG 2000 object is kept in the syntax in which it was proposed."""
    file = tmp_path / "j2k.dcm"
    dataset = pydicom.dcmread(files[0])
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.save_as(file)
    assert _send(archive, [file]) == (0,)
    assert JPEG2000Lossless == archive.received[0].header.transfer_syntax


def test_the_richer_of_the_proposed_syntaxes_is_chosen(archive):
    """Of implicit first and JPEG 2000 second, the compressed one is accepted (PS3.7 D.3.2)."""
    entity = AE("TESTER")
    entity.add_requested_context(MRImageStorage, [ImplicitVRLittleEndian, JPEG2000Lossless])
    association = entity.associate("127.0.0.1", archive.port, ae_title="ISTHMUS")
    assert [[JPEG2000Lossless]] == [c.transfer_syntax for c in association.accepted_contexts]
    association.release()


def test_every_storage_class_of_the_standard_is_accepted(archive):
    """All storage classes that pynetdicom knows, in as many associations as they need."""
    for start in range(0, len(AllStoragePresentationContexts), 128):
        entity = AE("TESTER")
        entity.requested_contexts = AllStoragePresentationContexts[start : start + 128]
        association = entity.associate("127.0.0.1", archive.port, ae_title="ISTHMUS")
        assert association.rejected_contexts == []
        association.release()


def test_private_classes_and_syntaxes_are_taken_and_queries_are_not(archive):
    """Private classes and syntaxes are stored as well; what is no storage is refused by context."""
    entity = AE("TESTER")
    entity.add_requested_context("1.2.826.0.1.3680043.9.9", ["1.2.826.0.1.3680043.9.10"])
    entity.add_requested_context("1.2.840.10008.5.1.4.1.2.2.1", [ExplicitVRLittleEndian])  # C-FIND
    association = entity.associate("127.0.0.1", archive.port, ae_title="ISTHMUS")
    assert [UID("1.2.826.0.1.3680043.9.9")] == [
        c.abstract_syntax for c in association.accepted_contexts
    ]
    assert len(association.rejected_contexts) == 1
    association.release()


@pytest.mark.parametrize("sop_class", [BasicTextSRStorage, EncapsulatedPDFStorage])
def test_objects_that_are_no_images_are_kept(archive, files, tmp_path, sop_class):
    """Reports and documents are stored like images."""
    dataset = pydicom.dcmread(files[0], stop_before_pixels=True)
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(dataset, keyword)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.save_as(tmp_path / "object.dcm")
    assert _send(archive, [tmp_path / "object.dcm"]) == (0,)


@pytest.mark.parametrize(
    ("lists", "names"),
    [
        ({"called_ae_titles": frozenset({"ISTHMUS"})}, {"called_ae": "OTHER"}),
        ({"calling_ae_titles": frozenset({"MODALITY"})}, {}),
        ({"addresses": frozenset({"192.0.2.1"})}, {}),
    ],
)
def test_who_is_not_on_the_list_is_rejected(open_archive, files, lists, names):
    """Called title, calling title and address have lists of their own; nothing is stored."""
    archive = open_archive(**lists)
    with pytest.raises(OperationOutcomeError):
        _send(archive, files[:1], **names)
    assert archive.received == []


def test_release_and_abort_are_told_apart(archive, files):
    """The end of an association is reported once, as what it was."""
    _send(archive, files[:1])
    assert archive.end_seen.wait(10)
    archive.end_seen.clear()
    entity = AE("TESTER")
    entity.add_requested_context(MRImageStorage, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", archive.port, ae_title="ISTHMUS")
    association.send_c_store(str(files[1]))
    association.abort()
    assert archive.end_seen.wait(10)
    assert archive.ended == [False, True]


def test_several_associations_at_once(archive, files):
    """Six senders at the same time lose nothing."""
    results: list[tuple[int, ...]] = []
    threads = [
        threading.Thread(target=lambda f=file: results.append(_send(archive, [f])))
        for file in files
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(0,)] * len(files) == results


def test_command_and_data_set_must_name_the_same_object(archive, files, monkeypatch):
    """A C-STORE whose command names another instance than its data set is refused."""
    entity = AE("TESTER")
    entity.add_requested_context(MRImageStorage, ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", archive.port, ae_title="ISTHMUS")
    send = association.dimse.send_msg

    def lie(message, context_id: int) -> None:
        message.AffectedSOPInstanceUID = "1.2.3.4.5"
        send(message, context_id)

    monkeypatch.setattr(association.dimse, "send_msg", lie)
    status = association.send_c_store(str(files[0]))
    association.release()
    assert status.Status == 0xA900
    assert archive.received == []


HOSTILE = {
    "garbage": b"\xde\xad\xbe\xef" * 64,
    "empty PDU": b"",
    "half an A-ASSOCIATE-RQ": b"\x01\x00" + struct.pack(">I", 400) + b"\x00\x01" * 20,
    "length of four gigabytes": b"\x01\x00\xff\xff\xff\xff" + b"A" * 200,
    "P-DATA before association": b"\x04\x00"
    + struct.pack(">I", 10)
    + b"\x00\x00\x00\x06\x01\x03abcd",
    "unknown PDU type": b"\x77\x00" + struct.pack(">I", 4) + b"abcd",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_do_not_stop_the_server(archive, files, name):
    """After garbage, truncated and oversized PDUs the next sender is served."""
    with socket.create_connection(("127.0.0.1", archive.port)) as connection:
        connection.sendall(HOSTILE[name])
    assert _alive(archive)
    assert _send(archive, files[:1]) == (0,)


def test_a_connection_that_says_nothing_does_not_block_others(archive):
    """A half-open connection waits by itself."""
    with socket.create_connection(("127.0.0.1", archive.port)):
        assert _alive(archive)
