"""Storage SCU: send stored files to a peer as they are (PS3.4 annex B)."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.uid import UID
from pynetdicom import AE, build_context

from adapters.dimse.scp import VERIFICATION
from profiles.outcome import OperationOutcomeError
from profiles.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MOST_CONTEXTS: Final = 128


def echo(host: str, port: int, *, calling_ae: str, called_ae: str) -> bool:
    """Whether a peer answers C-ECHO with success."""
    assoc = associate(host, port, calling_ae, called_ae, [build_context(VERIFICATION)])
    try:
        return bool(assoc.send_c_echo().get("Status", 0xFFFF) == 0)
    finally:
        assoc.release()


def send_instances(
    files: Sequence[Path],
    host: str,
    port: int,
    *,
    calling_ae: str,
    called_ae: str,
    on_sent: Callable[[Path, int], None] = lambda file, status: None,
) -> tuple[int, ...]:
    """Send files, one context per class and syntax, several associations where 128 do not suffice.

    Returns
    -------
    tuple of int
        C-STORE status of each file, in order; 0 is success.

    Raises
    ------
    OperationOutcomeError
        ``transient`` when no association can be made or it breaks.
    """
    wanted = [_context_of(file) for file in files]
    distinct = list(dict.fromkeys(wanted))
    statuses: dict[Path, int] = {}
    for start in range(0, len(distinct), MOST_CONTEXTS):
        batch = set(distinct[start : start + MOST_CONTEXTS])
        contexts = [build_context(sop_class, syntax) for sop_class, syntax in sorted(batch)]
        assoc = associate(host, port, calling_ae, called_ae, contexts)
        try:
            for file, context in zip(files, wanted, strict=True):
                if context in batch:
                    statuses[file] = _send(assoc, file)
                    on_sent(file, statuses[file])
        finally:
            if assoc.is_established:
                assoc.release()
    return tuple(statuses[file] for file in files)


def _send(assoc: Any, file: Path) -> int:
    try:
        status = assoc.send_c_store(str(file))
    except RuntimeError:
        raise OperationOutcomeError("transient", "the association was lost") from None
    if "Status" not in status:
        raise OperationOutcomeError("transient", "the peer did not answer a C-STORE")
    return int(status.Status)


def _context_of(file: Path) -> tuple[UID, UID]:
    meta = pydicom.filereader.read_file_meta_info(str(file))
    return meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID


def associate(host: str, port: int, calling: str, called: str, contexts: list[Any]) -> Any:
    """An established association of pynetdicom's, on which no answer gets lost.

    Raises
    ------
    OperationOutcomeError
        ``transient`` when the peer does not accept it.
    """
    entity = AE(ae_title=calling)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.requested_contexts = contexts
    assoc = entity.associate(host, port, ae_title=called)
    if not assoc.is_established:
        raise OperationOutcomeError("transient", f"no association with {called} at {host}:{port}")
    # Command and data set are two writes: with Nagle's algorithm the second one waits 40 ms for the
    # delayed acknowledgement of the first, for every instance.
    connection = assoc.dul.socket.socket if assoc.dul.socket is not None else None
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _give_answers_back(assoc)
    return assoc


def _give_answers_back(assoc: Any) -> None:
    """Put an answer that the association's own thread has taken back for the one who waits for it.

    pynetdicom pauses that thread while a request waits for its answer, but its flag says "paused" a
    moment before it is: on a busy machine the thread takes one more message, drops what is no request,
    and the sender waits for the DIMSE timeout although the peer has answered.
    """
    serve = assoc._serve_request

    def serve_request(message: Any, context_id: int) -> None:
        if message.is_valid_response:
            assoc.dimse.msg_queue.put((context_id, message))
        else:
            serve(message, context_id)

    assoc._serve_request = serve_request
