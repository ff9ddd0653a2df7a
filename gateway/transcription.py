"""A recogniser and a scribe with everything around them: a recording in, a transcript and a note out.

Nothing is written into the record here. The recording lies in a file of the data folder while it is worked
on, under the name of its job, so that a job that is tried again takes its own file over.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapters.speech.attached import attached_transcript
from adapters.store import Store
from gateway.attachment_content import AttachmentContent, at_place
from gateway.coding_sources import StoredSources
from gateway.content_file import file_of
from gateway.note_transcript import transcript_in
from gateway.settings import Settings
from gateway.transcription_case import AskedNote, Visit, visit_of
from ml.worker import Worker
from profiles.builders.composition import NoteDraft, build_note
from profiles.outcome import OperationOutcomeError
from profiles.recording import AUDIO, Recording
from profiles.speech_records import Audio, Transcript, TranscriptionRequest

FOLDER: Final = "recordings"
NO_ENGINE: Final = (
    "No speech recogniser is configured, so the recording was stored and nothing was recognised. Put a "
    "Whisper directory in CTranslate2 format into the models folder and start the gateway again, name a "
    "server in the setting speech_server or speech_realtime, or attach a transcript (WebVTT, JSON or text)."
)
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A worker with its model."""

    worker: Worker
    model: Any


Hear = Callable[[TranscriptionRequest, Progress], Transcript]
"""What recognises speech: a worker of this process, or a server that the site has named."""


@dataclass(frozen=True, slots=True)
class Recogniser:
    """What recognises speech here; where nothing does, why."""

    hear: Hear | None = None
    why_not: str = ""


class Transcription:
    """Drafts notes.

    Parameters
    ----------
    store : Store
        The record.
    folder : Path
        The data folder.
    settings : Settings
    recogniser : Recogniser
    scribe : Loaded
        Its ``SPEC.given`` is ``ScribeRequest``.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        settings: Settings,
        recogniser: Recogniser,
        scribe: Loaded,
    ) -> None:
        self.store = store
        self.settings = settings
        self._folder = folder / FOLDER
        self._recogniser = recogniser
        self._scribe = scribe

    def draft(
        self, recording: Recording, asked: AskedNote, task_id: str, base: str, progress: Progress
    ) -> NoteDraft:
        """The note of a recording.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` when there is audio and nothing that recognises speech, ``business-rule`` when
            nothing is said; and what reading the recording raises.
        """
        visit = visit_of(self.store, recording, asked)
        transcript = self._transcript(visit, asked, task_id, base, progress)
        if not any(segment.text.strip() for segment in transcript.segments):
            said = " ".join(remark.text for remark in transcript.remarks)
            raise OperationOutcomeError("business-rule", said or "nothing is said in the recording")
        template = asked.template or self.settings.note_template
        given = visit.scribe_request(transcript, template)
        note = self._scribe.worker.run(self._scribe.model, given, progress)
        context = visit.context(datetime.now(UTC), task_id, asked.transcript)
        return build_note(transcript, note, context)

    def _transcript(
        self, visit: Visit, asked: AskedNote, task_id: str, base: str, progress: Progress
    ) -> Transcript:
        if asked.transcript:
            return transcript_in(self.store, asked.transcript)
        found = visit.recording.content
        if found is None:
            raise OperationOutcomeError(
                "business-rule", "there is neither audio nor a transcript in it", "content"
            )
        form, path, attachment = found
        hear = self._recogniser.hear
        if form == AUDIO and hear is None:
            raise OperationOutcomeError("not-supported", self._recogniser.why_not or NO_ENGINE)
        contents = self._contents(base)
        language = asked.language or str(attachment.get("language", ""))
        if hear is None or form != AUDIO:
            content, media_type, place = contents.content(attachment, path)
            return at_place(  # type: ignore[no-any-return]
                place, lambda: attached_transcript(content, media_type, language)
            )
        with self._file(task_id) as own:
            file, media_type, place = contents.saved(attachment, path, own)
            roles = asked.speakers or visit.recording.roles
            audio = Audio(visit.recording.reference, str(file), media_type, roles)
            request = TranscriptionRequest(audio, language, visit.names)
            return at_place(  # type: ignore[no-any-return]
                place, lambda: hear(request, progress)
            )

    def _contents(self, base: str) -> AttachmentContent:
        own = f"http://{self.settings.host}:{self.settings.http_port}/fhir"
        return AttachmentContent(
            StoredSources(self.store).read,
            tuple(dict.fromkeys(filter(None, (base, own)))),
            self.settings.document_servers,
            partial(file_of, store=self.store),
            self.settings.recording_max_bytes,
        )

    @contextmanager
    def _file(self, task_id: str) -> Iterator[Path]:
        """Where a recording may lie while it is worked on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / task_id
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the files of jobs that have ended with their process."""
        for file in self._folder.glob("*"):
            stored = self.store.current("Task", file.name)
            task: Mapping[str, Any] = {} if stored is None or stored.deleted else stored.json()
            if task.get("status") not in ("requested", "in-progress"):
                file.unlink(missing_ok=True)
