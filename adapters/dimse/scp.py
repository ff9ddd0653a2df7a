"""Storage SCP: C-ECHO and C-STORE on pynetdicom (PS3.4 annex B, PS3.7 9.1).

0x0000 leaves this module only after the callback has returned, and the callback returns only after the
commit. Bytes are kept as received. Every storage class is accepted in the syntax that the peer prefers:
its first that is not Implicit VR Little Endian, so a compressed object stays compressed.
"""

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import build_context

from adapters.dicom_header import part10, read_header
from adapters.dimse.peers import Peers
from profiles.outcome import KINDS, OperationOutcomeError
from profiles.records import InstanceHeader
from profiles.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

log = logging.getLogger("isthmus.dimse")

VERIFICATION: Final = "1.2.840.10008.1.1"
STORAGE_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
STANDARD_ROOT: Final = "1.2.840.10008."
# Storage classes outside the storage root (PS3.6 annex A): hanging protocol, colour palette, templates.
OTHER_STORAGE: Final = (
    "1.2.840.10008.5.1.4.38.1",
    "1.2.840.10008.5.1.4.39.1",
    "1.2.840.10008.5.1.4.43.1",
    "1.2.840.10008.5.1.4.44.1",
    "1.2.840.10008.5.1.4.45.1",
    "1.2.840.10008.5.1.4.34.7",
    "1.2.840.10008.5.1.4.34.10",
)
MAXIMUM_LENGTH: Final = 131_072


def _quieten() -> None:
    """Pynetdicom logs identifiers and data sets by default; patients do not belong into a log."""
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False
    _config.LOG_HANDLER_LEVEL = "none"
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


_quieten()


@dataclass(frozen=True, slots=True)
class Received:
    """One instance as it came: its header, its part 10 file, and who sent it on which association."""

    header: InstanceHeader
    part10: bytes
    calling_ae: str
    called_ae: str
    association: str


class StorageScp:
    """The acceptor.

    Parameters
    ----------
    host, port : str, int
        Where to listen; port 0 takes a free one.
    ae_title : str
        Ours.
    on_instance : callable
        Stores an instance durably; an ``OperationOutcomeError`` becomes the C-STORE status.
    on_association_end : callable
        Told the association's id and whether it was aborted.
    peers : Peers
        Allow lists.
    """

    def __init__(
        self,
        host: str,
        port: int,
        ae_title: str,
        *,
        on_instance: Callable[[Received], None],
        on_association_end: Callable[[str, bool], None],
        peers: Peers,
        max_associations: int = 64,
        idle_s: float = 120.0,
    ) -> None:
        self._address = (host, port)
        self._on_instance = on_instance
        self._on_end = on_association_end
        self._peers = peers
        self._server: Any = None
        self._names: dict[int, str] = {}
        self._lock = threading.Lock()
        self._ae = AE(ae_title=ae_title)
        self._ae.maximum_associations = max_associations
        self._ae.maximum_pdu_size = MAXIMUM_LENGTH
        self._ae.network_timeout = idle_s
        self._ae.acse_timeout = 30
        self._ae.dimse_timeout = idle_s
        self._ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self._ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._ae.add_supported_context(VERIFICATION)

    def start(self) -> None:
        """Listen, in threads of pynetdicom's."""
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, _without_delay),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, lambda event: 0x0000),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_ABORTED, self._aborted),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]
        self._server = self._ae.start_server(self._address, block=False, evt_handlers=handlers)

    def stop(self) -> None:
        """Abort what is open and stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            return self._address[1]
        return int(self._server.socket.getsockname()[1])

    def _requested(self, event: Any) -> None:
        """Check the peer, then put the proposal in the order of our rule before it is negotiated."""
        assoc = event.assoc
        request = assoc.requestor.primitive
        refused = self._peers.refused(
            assoc.requestor.address, str(request.calling_ae_title), str(request.called_ae_title)
        )
        if refused is not None:
            log.warning("association.refused", extra={"reason": refused})
            assoc.acse.send_reject(*refused)
            assoc.kill()
            return
        order_proposal(request)

    def _store(self, event: Any) -> Dataset | int:
        request, assoc = event.request, event.assoc
        sop_class, sop_uid = str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
        try:
            data_set = request.DataSet.getvalue()
            file = part10(data_set, sop_class, sop_uid, str(event.context.transfer_syntax))
            header = _named(read_header(file), sop_class, sop_uid)
            self._on_instance(
                Received(
                    header,
                    file,
                    str(assoc.requestor.ae_title),
                    str(assoc.acceptor.ae_title),
                    self._name(assoc),
                )
            )
        except OperationOutcomeError as error:
            log.warning("instance.refused", extra={"kind": error.kind_name})
            return _status(error.kind.dimse, error.diagnostics)
        except Exception as error:
            reference = uuid4().hex[:12]
            log.exception("instance.failed", extra={"reference": reference}, exc_info=error)
            return _status(KINDS["exception"].dimse, f"internal error {reference}")
        return 0x0000

    def _name(self, assoc: Any) -> str:
        with self._lock:
            return self._names.setdefault(id(assoc), uuid4().hex)

    def _released(self, event: Any) -> None:
        self._ended(event.assoc, aborted=False)

    def _aborted(self, event: Any) -> None:
        self._ended(event.assoc, aborted=True)

    def _closed(self, event: Any) -> None:
        self._ended(event.assoc, aborted=True)

    def _ended(self, assoc: Any, *, aborted: bool) -> None:
        """The first of release, abort and connection loss that is seen ends the association."""
        with self._lock:
            name = self._names.pop(id(assoc), None)
        if name is not None:
            self._on_end(name, aborted)


def _without_delay(event: Any) -> None:
    """Answers are small: Nagle's algorithm would hold them back (RFC 896, TCP_NODELAY)."""
    connection = event.assoc.dul.socket.socket
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def order_proposal(request: A_ASSOCIATE) -> None:
    """Order each context's syntaxes by our rule and make what is no storage class unknown.

    Negotiation then takes the first syntax of each context: no table of classes times syntaxes is
    built. PS3.7 D.3.2 leaves the choice to the acceptor.
    """
    contexts = request.presentation_context_definition_list
    for context in contexts:
        syntaxes = list(context.transfer_syntax)
        chosen = [s for s in syntaxes if s != ImplicitVRLittleEndian] or syntaxes
        context._transfer_syntax = chosen[:1]
    kept = [c for c in contexts if is_storage(str(c.abstract_syntax))]
    dropped = [c for c in contexts if not is_storage(str(c.abstract_syntax))]
    for context in dropped:
        # pynetdicom's unrestricted mode takes every unknown class for storage; a class that is known
        # and not supported is refused with result 3, as PS3.8 table 9-18 wants it.
        context._abstract_syntax = build_context("1.2.840.10008.1.20.1").abstract_syntax
    request.presentation_context_definition_list = kept + dropped


def is_storage(abstract_syntax: str) -> bool:
    """Whether a class may be stored: known storage, private, or verification."""
    return (
        abstract_syntax == VERIFICATION
        or abstract_syntax.startswith(STORAGE_ROOT)
        or abstract_syntax in OTHER_STORAGE
        or not abstract_syntax.startswith(STANDARD_ROOT)
    )


def _named(header: InstanceHeader, sop_class: str, sop_uid: str) -> InstanceHeader:
    if (header.sop_class, header.sop_uid) != (sop_class, sop_uid):
        raise OperationOutcomeError(
            "value", "the data set is not the object that the command names", "SOPInstanceUID"
        )
    return header


def _status(code: int, comment: str) -> Dataset:
    status = Dataset()
    status.Status = code
    status.ErrorComment = comment[:64]
    return status
