"""The worker that structures a visit: a transcript in, a note of which every sentence rests on segments out.

No language model writes it: units of speech are chosen and placed by small linear models, worded by
templates and the third person, and checked against what was said. Text of a transcript is data; nothing in it
is an instruction.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.scribe.dialogue import transcript_of
from ml.scribe.language import WORD, in_english
from ml.scribe.model import ScribeModel, find_model, load_model
from ml.scribe.note import Visit, compose
from ml.scribe.person import pronouns
from ml.scribe.roles import taken, with_roles
from ml.scribe.sex import sex_said
from ml.scribe.templates import Templates, load_templates
from ml.scribe.units import units
from ml.worker import Places, Progress, Spec
from profiles.speech_records import (
    ClinicalFact,
    NoteSection,
    ScribeNote,
    ScribeRequest,
    Segment,
    SpeakerRole,
    SpeechRemark,
)

SPEC: Final = Spec(
    "scribe", "1", "DocumentReference", ScribeRequest, ScribeNote, "scribe", timeout_s=120
)


@dataclass(frozen=True, slots=True)
class Scribe:
    """What is loaded once."""

    model: ScribeModel
    templates: Templates


def load(places: Places) -> Scribe:
    """Load the weights and the section templates, the site's own where there are some."""
    return Scribe(load_model(find_model(places.models)), load_templates(places.models))


def run(model: Scribe, given: ScribeRequest, progress: Progress) -> ScribeNote:
    """Propose a note; what stands against one is a remark, never an exception."""
    remarks: list[SpeechRemark] = []
    sections: tuple[NoteSection, ...] = ()
    facts: tuple[ClinicalFact, ...] = ()
    roles: tuple[SpeakerRole, ...] = ()
    template = given.template if given.template in model.templates else "soap"
    if template != given.template:
        text = "No such section template; the sections are those of soap."
        remarks.append(SpeechRemark("template-unknown", text))
    against, heard = _heard(given)
    remarks += against
    if heard:
        segments, said = with_roles(heard, model.model)
        remarks += said
        roles = taken(heard, segments)
        spoken = tuple(one for one in segments if "no-speech" not in one.flags)
        sex = given.patient_sex or sex_said(spoken)
        visit = Visit(units(spoken), {one.number: one.text for one in spoken}, pronouns(sex))
        sections, facts = compose(visit, model.model, model.templates[template])
        remarks += _about(spoken, bool(sections))
    progress(1, 1, "transcripts")
    digests = (("weights.npz", model.model.digest),)
    made = (sections, facts, tuple(remarks), digests, roles)
    return ScribeNote(SPEC.name, SPEC.version, template, *made)


def _heard(given: ScribeRequest) -> tuple[list[SpeechRemark], tuple[Segment, ...]]:
    """What of a transcript can be structured; nothing where a remark says why there is no note."""
    segments = given.transcript.segments
    if not any(WORD.search(one.text) for one in segments):
        return [SpeechRemark("empty", "Nothing was said, so there is no note.")], ()
    heard, remark = in_english(given.transcript, segments)
    return [remark] if remark else [], heard


def _about(segments: tuple[Segment, ...], written: bool) -> list[SpeechRemark]:
    """What a reader of the note must know."""
    remarks = []
    if len({one.role for one in segments}) < 2:
        text = "Only one person speaks, so questions have no answers."
        remarks.append(SpeechRemark("one-speaker", text))
    unsure = tuple(one.number for one in segments if "low-confidence" in one.flags)
    if unsure:
        text = "Sentences that rest on words of low confidence must be heard again."
        remarks.append(SpeechRemark("low-confidence", text, unsure))
    if not written:
        remarks.append(SpeechRemark("nothing-found", "No clinical statement was found."))
    return remarks


EXAMPLE: Final = """[doctor] Good morning, what brings you in today?
[patient] I have had a dull ache in my left knee for about three weeks.
[doctor] Any fevers, chills, or numbness?
[patient] No, none of that.
[doctor] Are you taking anything for it?
[patient] I take ibuprofen four hundred milligrams twice a day.
[doctor] Your blood pressure today is one twenty eight over seventy six.
[doctor] On exam there is mild swelling of the left knee.
[doctor] I think this is early osteoarthritis. I want you to start physical therapy.
[doctor] I will see you back in six weeks.
[patient] That sounds good."""


def example(folder: Path) -> ScribeRequest:
    """A short visit that was written for this."""
    return ScribeRequest(transcript_of(EXAMPLE), "h-and-p", patient_sex="female")
