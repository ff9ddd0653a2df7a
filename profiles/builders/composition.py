"""A transcript and a scribe's note become a preliminary Composition (R4 composition.html)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from profiles.builders.composition_context import Engine, NoteContext, engines
from profiles.builders.composition_fact import fact_resources
from profiles.builders.composition_record import (
    NOTE,
    TRANSCRIPT,
    engine_resources,
    kept,
    note_provenance,
    review_task,
    transcript_document,
)
from profiles.builders.composition_section import sections_of
from profiles.fhir_time import instant
from profiles.speaker_corrections import with_estimates
from profiles.speech_records import ClinicalFact, ScribeNote, Transcript
from terminology.ai_transparency import labelled
from terminology.coding import concept

__all__ = ["NoteContext", "NoteDraft", "build_note"]


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """A drafted note with what is written beside it, in the transaction that ends its job.

    Parameters
    ----------
    composition : Composition
    facts : tuple of resources
        What was said as coded resources.
    beside : tuple of resources
        Transcript, Devices, model cards, kept records, Provenance.
    task : Task
        The review.
    """

    composition: dict[str, Any]
    facts: tuple[dict[str, Any], ...]
    beside: tuple[dict[str, Any], ...]
    task: dict[str, Any]

    @property
    def resources(self) -> tuple[dict[str, Any], ...]:
        """All of it."""
        return (*self.beside, *self.facts, self.composition, self.task)


def build_note(transcript: Transcript, note: ScribeNote, context: NoteContext) -> NoteDraft:
    """The note of a recording; every sentence names the segments that it rests on.

    The transcript that is kept names the speakers as the scribe has taken them.
    """
    transcript = with_estimates(transcript, note.roles)
    ran = engines(transcript, note)
    by_fact = fact_resources(note, context)
    facts = {one["id"]: one for one in by_fact.values()}
    references = [
        (note.facts[at], f"{one['resourceType']}/{one['id']}") for at, one in by_fact.items()
    ]
    composition = _composition(transcript, note, context, ran, references)
    document = transcript_document(transcript, context)
    targets = [composition, document, *facts.values()]
    beside = (
        *(resource for engine in ran for resource in engine_resources(engine)),
        kept(TRANSCRIPT, transcript, context),
        kept(NOTE, note, context),
        document,
        note_provenance(composition, targets, ran, context),
    )
    return NoteDraft(
        composition, tuple(facts.values()), beside, review_task(transcript, note, context)
    )


def _composition(
    transcript: Transcript,
    note: ScribeNote,
    context: NoteContext,
    ran: tuple[Engine, ...],
    facts: Sequence[tuple[ClinicalFact, str]],
) -> dict[str, Any]:
    kind = context.kind(note.template)
    composition: dict[str, Any] = {
        "resourceType": "Composition",
        "id": context.composition_id,
        "meta": labelled(),
        "status": "preliminary",
        "type": concept(kind),
        **context.about,
        "date": instant(context.moment),
        "author": [{"reference": f"Device/{ran[-1].device_id}"}],
        "title": kind.display,
    }
    start, end = context.period
    period = {side: at for side, at in (("start", start), ("end", end)) if at}
    if period:
        composition["event"] = [{"period": period}]
    sections = sections_of(note.sections, transcript, context.transcript, facts)
    if sections:
        composition["section"] = sections
    return composition
