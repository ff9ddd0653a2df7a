"""The live sessions of this gateway: begun, resumed, ended, and found again after a crash.

The token of a session is a function of its id and the store's secret, so that a session can be resumed after
the gateway was killed, and asked about after it has become a Media.
"""

import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.store import Store, Transaction
from gateway.interactions.write import OnCreated, Writes, under_id
from gateway.live import session_folder as on_disk
from gateway.live.ending import Ended, ended_as
from gateway.live.media import INCOMPLETE, WITHDRAWN, keep_audio, media_of
from gateway.live.messages import Start
from gateway.live.recording import Recording
from gateway.live.session_folder import MAKING
from gateway.recording_consent import why_not_consented
from gateway.settings import Settings
from gateway.transcription_case import names_of
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.live")

FOLDER: Final = "live"
KEEP: Final = ("yes", "no")
TEND_S: Final = 1.0
_BUSY: Final = "the session is just being finished: ask again"


class Sessions:
    """Live sessions; their connections share it.

    Parameters
    ----------
    store : Store
    settings : Settings
    on_created : callable
        What the arrival of the Media starts.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        on_created: OnCreated,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if settings.live_keep_withdrawn not in KEEP:
            raise OperationOutcomeError(
                "value", "live_keep_withdrawn is yes or no", "live_keep_withdrawn"
            )
        self.settings = settings
        self._store = store
        self._on_created = on_created
        self._clock = clock
        self._folder = Path(settings.data) / FOLDER
        self._lock = threading.Lock()
        self._open: dict[str, Recording] = {}
        self._ending: set[str] = set()
        self._stop = threading.Event()

    def start(self) -> None:
        """Find what another process has left, and end in time what nobody comes back to."""
        self.adopt()
        threading.Thread(target=self._tend, name="live", daemon=True).start()

    def stop(self) -> None:
        """End no more sessions; those that are open stay on disk for the next start."""
        self._stop.set()
        with self._lock:
            for recording in self._open.values():
                recording.sync()

    def begin(self, start: Start) -> Recording:
        """A new session.

        Raises
        ------
        OperationOutcomeError
            ``forbidden`` without consent, ``not-found`` for a patient whom nobody knows, ``throttled``
            when there are as many sessions as may be, ``no-store`` when the disk is full.
        """
        for reference in filter(None, (start.patient, start.encounter, start.operator)):
            self._store.read(*reference.split("/"))
        if why := self.why_not(start):
            raise OperationOutcomeError("forbidden", why, "patient")
        if self._store.blobs.free_bytes() < self.settings.live_max_bytes:
            raise OperationOutcomeError("no-store", "there is no room for a recording")
        with self._lock:
            if len(self._open) + len(self._ending) >= self.settings.live_sessions:
                raise OperationOutcomeError("throttled", "there are as many sessions as may be")
            made = on_disk.create(self._folder / new_id(), start)
            self._open[made.session] = made
        log.info("live.started", extra={"session": made.session})
        return made

    def token(self, session: str) -> str:
        """What a client shows to resume a session."""
        key, said = self._store.secret, f"live:{session}".encode()
        return hmac.new(key, said, hashlib.sha256).hexdigest()

    def resume(self, session: str, token: str) -> Recording | Ended:
        """A session that was begun, or what has become of it.

        Raises
        ------
        OperationOutcomeError
            ``forbidden`` for a token of another session, ``not-found`` when nothing was kept of it,
            ``transient`` while it is being finished.
        """
        if not hmac.compare_digest(self.token(session).encode(), token.encode()):
            raise OperationOutcomeError(
                "forbidden", "the token is not that of the session", "token"
            )
        with self._lock:
            if session in self._ending:
                raise OperationOutcomeError("transient", _BUSY)
            if session in self._open:
                return self._open[session]
        stored = self._store.current("Media", session)
        if stored is None:
            raise OperationOutcomeError("not-found", "nothing was kept of this session", "session")
        return ended_as(stored, self._store)

    def names(self, start: Start) -> tuple[str, ...]:
        """Names of the patient's record that a recogniser may expect."""
        return names_of(self._store, start.patient)

    def why_not(self, start: Start) -> str:
        """Why a patient must not be recorded; empty when he may be."""
        return why_not_consented(self._store, start.patient, self.settings, datetime.now(UTC))

    def finish(self, recording: Recording, *, note: str = "", why: str = "") -> Ended:
        """End a session once: its Media is made, and then the session is removed.

        What crashes in between is done again after the next start.

        Parameters
        ----------
        recording : Recording
        note : str
            What a person has to know of the recording.
        why : str
            Why the patient does not consent any more; empty when that is not said by who calls.
        """
        self._set_ending(recording)
        try:
            ended = self._kept(recording, note, why or self.why_not(recording.start))
        except BaseException:
            self._set_open(recording)
            raise
        with self._lock:
            self._ending.discard(recording.session)
        log.info("live.ended", extra={"session": recording.session, "bytes": ended.size})
        return ended

    def adopt(self) -> None:
        """Open the sessions that lie on disk; whoever began them may come back for a while."""
        for folder in self._folder.glob("*"):
            if folder.name.startswith(MAKING):
                continue
            try:
                with self._lock:
                    left = on_disk.found(folder)
                    if left is not None:
                        self._open[left.session] = left
            except OperationOutcomeError:  # another gateway of this folder has it
                continue

    def tend(self) -> None:
        """End the sessions to which nobody has come back in time."""
        due = self._clock() - self.settings.live_resume_s
        with self._lock:
            left = [one for one in self._open.values() if one.left is not None and one.left <= due]
        for recording in left:
            try:
                self.finish(recording, note=INCOMPLETE)
            except OperationOutcomeError as error:
                log.warning("live.kept", extra={"kind": error.kind_name})

    def _tend(self) -> None:
        while not self._stop.wait(TEND_S):
            try:
                self.tend()
            except Exception as error:
                log.exception("live.failed", exc_info=error)

    def _set_ending(self, recording: Recording) -> None:
        with self._lock:
            if self._open.get(recording.session) is not recording:
                raise OperationOutcomeError("transient", _BUSY)
            del self._open[recording.session]
            self._ending.add(recording.session)
        recording.sync()

    def _set_open(self, recording: Recording) -> None:
        with self._lock:
            self._ending.discard(recording.session)
            self._open[recording.session] = recording
        recording.reopen()

    def _kept(self, recording: Recording, note: str, why: str) -> Ended:
        """Store what is to be stored, then remove the session."""
        size = recording.seal()
        session = recording.session
        keep = size and (not why or self.settings.live_keep_withdrawn == "yes")
        if keep:
            status, said = ("stopped", f"{WITHDRAWN} {why}") if why else ("completed", note)
            kept = keep_audio(recording, self._store.blobs)
            made = media_of(
                session, recording.start, kept, self._store.secret, status=status, note=said
            )
            base = f"http://{self.settings.host}:{self.settings.http_port}/fhir"

            def write(tx: Transaction) -> None:
                if tx.current("Media", session) is None:
                    writes = Writes(tx, base, self._on_created)
                    for resource in made:
                        writes.first(under_id(resource, session))

            self._store.transact(write)
        recording.remove()
        return Ended(f"Media/{session}" if keep else "", size if keep else 0, why, note)
