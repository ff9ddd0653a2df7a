"""What arrived, and which job it becomes: one transaction from the wire to the Task.

Everything that stores a DICOM instance comes through ``Intake.store_instance``: the C-STORE SCP and the
fetch of an EHR's ImagingStudy alike. Instance, Patient, ImagingStudy and the analysis Task are one
commit, so an acknowledged instance can never be without its job (dicom: acknowledge after commit).

A study has no end on the wire: PS3.4 B.4 gives the release of an association no meaning. The Task is
therefore due at a time that every new instance moves: short after a release, a few gaps between
instances otherwise, at once when an expected count is reached. What comes later makes a new Task, and
its result is a new version of the same report. An audio waveform object is whole by itself: its Media and
the Task that drafts its note are in the commit of the object.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from adapters.dicom_header import same_object
from adapters.store import Store, StudyRow, Transaction
from gateway.identity import imaging_study_of, patient_of, publish_imaging_study
from gateway.lane import IMAGING_LANE
from gateway.waveform_arrival import put_audio
from ml.speech.waveform import AUDIO_CLASSES
from profiles.outcome import OperationOutcomeError
from profiles.records import InstanceHeader
from profiles.task import ANALYZE, item, new_task

log = logging.getLogger("isthmus.intake")


@dataclass(frozen=True, slots=True)
class Settle:
    """When a study counts as complete enough to be analysed; all in seconds.

    Parameters
    ----------
    released_min, released_max : float
        Quiet time after the last association that touched the study was released.
    open_min, open_max : float
        Quiet time while an association is open, aborted, or lives in another process.
    count_wait : float
        How long missing instances of an announced count are waited for.
    gaps : float
        The quiet time is this many mean gaps between instances, kept within the bounds above.
    """

    released_min: float = 0.03
    released_max: float = 2.0
    open_min: float = 2.0
    open_max: float = 5.0
    count_wait: float = 30.0
    gaps: float = 4.0

    def quiet(self, study: StudyRow, *, released: bool) -> timedelta:
        """How long the study must stay quiet before it is analysed."""
        if study.expected is not None and study.instances < study.expected:
            return timedelta(seconds=self.count_wait)
        if study.expected is not None and study.instances == study.expected:
            return timedelta(0)
        adaptive = self.gaps * study.gap_ms / 1000
        low, high = (
            (self.released_min, self.released_max) if released else (self.open_min, self.open_max)
        )
        return timedelta(seconds=min(max(adaptive, low), high))


class Intake:
    """The way in for DICOM instances, whatever wire they came by.

    Parameters
    ----------
    store : Store
        Where everything is written.
    settle : Settle
        The quiet times.
    clock : callable
        Present moment, aware; injected so that tests can hold it still.
    on_audio : callable
        What the Media of an audio waveform object starts.
    """

    def __init__(
        self,
        store: Store,
        settle: Settle | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_audio: Callable[[Transaction, dict[str, Any]], None] = lambda tx, media: None,
    ) -> None:
        self._on_audio = on_audio
        self._store = store
        self._settle = settle or Settle()
        self._clock = clock
        self._touched: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def store_instance(
        self, header: InstanceHeader, part10: bytes, *, sender: str, association: str
    ) -> None:
        """Keep one instance durably and see to its job; returning means committed.

        Raises
        ------
        OperationOutcomeError
            ``duplicate`` when the SOP instance is already here with other content, ``no-store``
            when the disk is full; nothing was written then.
        """
        digest, size = self._store.blobs.put(part10)

        def commit(tx: Transaction) -> str:
            verdict = tx.put_instance(header, digest, size, calling_ae=sender)
            if verdict == "stored":
                self._admit(tx, header)
                if header.sop_class in AUDIO_CLASSES:
                    self._on_audio(tx, put_audio(tx, header, digest, size))
            return verdict

        with self._lock:
            self._touched.setdefault(association, set()).add(header.study_uid)
        if self._store.transact(commit) == "other":
            self._compare(header, part10)

    def association_ended(self, association: str, aborted: bool) -> None:
        """Bring the ImagingStudy in step; the end is a hint that the study is complete (PS3.4 B.4)."""
        with self._lock:
            ended = self._touched.pop(association, set())
            still_open = set().union(*self._touched.values()) if self._touched else set()
        for study_uid in ended:
            released = not aborted and study_uid not in still_open
            self._store.transact(
                partial(self._settle_study, study_uid=study_uid, released=released)
            )

    def request_analysis(self, imaging_study: dict[str, Any], parameters: dict[str, Any]) -> str:
        """Queue the analysis of a stored study now; the id of its Task.

        Raises
        ------
        OperationOutcomeError
            ``business-rule`` when no instance of the study is stored here.
        """
        study_uid = dicom_uid_of(imaging_study)

        def queue(tx: Transaction) -> str:
            study = tx.study(study_uid)
            if study is None or study.instances == 0:
                raise OperationOutcomeError(
                    "business-rule",
                    "no instance of this ImagingStudy is stored here: send it by C-STORE, or give "
                    "the resource an Endpoint from which it can be fetched",
                    "ImagingStudy",
                )
            waiting = tx.pending(analysis_key(study_uid))
            if waiting is not None:
                tx.postpone(analysis_key(study_uid), tx.moment)
                return waiting[0]
            inputs = (item("on-demand", valueBoolean=True), *_as_inputs(parameters))
            return self._enqueue(tx, study, tx.moment, "queued", inputs)

        return self._store.transact(queue)

    def _admit(self, tx: Transaction, header: InstanceHeader) -> None:
        study = tx.study(header.study_uid)
        if study is None:
            raise OperationOutcomeError("exception", "the index lost the study it just wrote")
        if not study.imaging_study_id:
            patient_id = patient_of(tx, header)
            study_id, expected = imaging_study_of(tx, header, patient_id)
            tx.update_study(
                header.study_uid,
                patient_id=patient_id,
                imaging_study_id=study_id,
                expected=expected,
            )
        if header.sop_class not in AUDIO_CLASSES:  # there is nothing to see in it
            self._reschedule(tx, header.study_uid, released=False)

    def _settle_study(self, tx: Transaction, study_uid: str, *, released: bool) -> None:
        """What an association's end means for one of its studies."""
        study = tx.study(study_uid)
        if study is None or not study.imaging_study_id:
            return
        publish_imaging_study(tx, study_uid, study.imaging_study_id, study.patient_id)
        if released:
            self._reschedule(tx, study_uid, released=True)

    def _reschedule(self, tx: Transaction, study_uid: str, *, released: bool) -> None:
        study = tx.study(study_uid)
        if study is None:
            return
        due = self._clock() + self._settle.quiet(study, released=released)
        if tx.pending(analysis_key(study_uid)) is not None:
            tx.postpone(analysis_key(study_uid), due)
        elif not released and study.imaging_study_id:
            self._enqueue(tx, study, due, "receiving", ())

    def _enqueue(
        self,
        tx: Transaction,
        study: StudyRow,
        due: datetime,
        state: str,
        inputs: tuple[dict[str, Any], ...],
    ) -> str:
        task = new_task(
            str(uuid4()),
            ANALYZE,
            f"ImagingStudy/{study.imaging_study_id}",
            tx.moment,
            state=state,
            patient=f"Patient/{study.patient_id}",
            inputs=inputs,
        )
        tx.enqueue(task, lane=IMAGING_LANE, ready_at=due, key=analysis_key(study.study_uid))
        return str(task["id"])

    def _compare(self, header: InstanceHeader, part10: bytes) -> None:
        """Accept a resend whose bytes differ but whose object does not (dicom: resend rule)."""
        kept = self._store.transact(lambda tx: tx.instance(header.sop_uid))
        if kept is not None and same_object(self._store.blobs.read(kept[1]), part10):
            return
        raise OperationOutcomeError(
            "duplicate",
            "this SOP Instance UID is already stored with other content",
            "SOPInstanceUID",
        )


def analysis_key(study_uid: str) -> str:
    """Queue key of a study's analysis: at most one may wait."""
    return f"analyze:{study_uid}"


def dicom_uid_of(imaging_study: dict[str, Any]) -> str:
    """Study Instance UID of an ImagingStudy resource (R4 imagingstudy-definitions.html#identifier).

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` when it carries none.
    """
    for identifier in imaging_study.get("identifier", ()):
        if identifier.get("system") == "urn:dicom:uid":
            return str(identifier.get("value", "")).removeprefix("urn:oid:")
    raise OperationOutcomeError(
        "business-rule",
        "the ImagingStudy has no identifier of system urn:dicom:uid",
        "ImagingStudy.identifier",
    )


def _as_inputs(parameters: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        item(str(part.get("name", "")), **{k: v for k, v in part.items() if k.startswith("value")})
        for part in parameters.get("parameter", ())
        if any(key.startswith("value") for key in part)
    )
