"""What may hold a visit: a Media or DocumentReference with audio, or with a transcript of a person.

R4 media.html, documentreference.html. A transcript is WebVTT, or JSON or text in a document whose type says
that it is one; where a document has both, what a person wrote goes before what a machine would hear.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from profiles.clinical_document import ClinicalDocument, local
from terminology.notes import AUDIO_MEDIA, CHANNEL_ROLE, VISIT_TRANSCRIPT

AUDIO: Final = "audio"
TRANSCRIPT: Final = "transcript"
KINDS: Final = ("Media", "DocumentReference")
_TYPED: Final = frozenset({"application/json", "text/plain"})
_OPUS: Final = frozenset({"application/ogg"})
_DICOM: Final = "application/dicom"
"""Audio in a Media that says so; else it may be an image."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One resource that may hold a visit.

    Parameters
    ----------
    resource : mapping
    types : collection of str
        LOINC codes of documents that are transcripts at this site.
    """

    resource: Mapping[str, Any]
    types: Collection[str] = ()

    @property
    def reference(self) -> str:
        """Relative reference."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"

    @property
    def in_force(self) -> bool:
        """Whether it is complete and not withdrawn."""
        if self.resource["resourceType"] == "Media":
            return self.resource.get("status") == "completed"
        return ClinicalDocument(self.resource).in_force

    @property
    def ours(self) -> bool:
        """Whether an AI has made it."""
        return ClinicalDocument(self.resource).ours

    @property
    def patient(self) -> str:
        """Reference of the patient, empty when it is about nobody known here."""
        return local(self.resource.get("subject"), "Patient")

    @property
    def encounter(self) -> str:
        """Reference of the encounter, empty without one."""
        if self.resource["resourceType"] == "Media":
            return local(self.resource.get("encounter"), "Encounter")
        return ClinicalDocument(self.resource).encounter

    @property
    def when(self) -> str:
        """When it was made, as far as it says."""
        names = ("createdDateTime", "issued", "date")
        period = self.resource.get("createdPeriod", {}).get("start", "")
        return next((str(self.resource[n]) for n in names if self.resource.get(n)), str(period))

    @property
    def roles(self) -> tuple[str, ...]:
        """Role of each channel, where the recording says them."""
        marks = self.resource.get("extension", ())
        return tuple(
            str(mark.get("valueCode", "")) for mark in marks if mark.get("url") == CHANNEL_ROLE
        )

    @property
    def content(self) -> tuple[str, str, Mapping[str, Any]] | None:
        """``audio`` or ``transcript``, the path of the attachment, and the attachment; None without any."""
        found = [(self._form(one), path, one) for path, one in self._attachments()]
        told = [one for one in found if one[0] == TRANSCRIPT]
        return next(iter([*told, *(one for one in found if one[0])]), None)

    def _attachments(self) -> list[tuple[str, Mapping[str, Any]]]:
        if self.resource["resourceType"] == "Media":
            return [("Media.content", self.resource.get("content", {}))]
        return ClinicalDocument(self.resource).attachments

    def _form(self, attachment: Mapping[str, Any]) -> str:
        name = str(attachment.get("contentType", "")).partition(";")[0].strip().lower()
        if name.startswith("audio/") or name in _OPUS or (name == _DICOM and self._is_audio):
            return AUDIO
        told = name == "text/vtt" or (name in _TYPED and self._is_transcript())
        return TRANSCRIPT if told else ""

    @property
    def _is_audio(self) -> bool:
        codings = self.resource.get("type", {}).get("coding", ())
        return any(
            (one.get("system"), one.get("code")) == (AUDIO_MEDIA.system, AUDIO_MEDIA.code)
            for one in codings
        )

    def _is_transcript(self) -> bool:
        codings = self.resource.get("type", {}).get("coding", ())
        own = any(
            one.get("system") == VISIT_TRANSCRIPT.system
            and one.get("code") == VISIT_TRANSCRIPT.code
            for one in codings
        )
        return own or bool(ClinicalDocument(self.resource).loinc & set(self.types))
