"""Chosen sentences and facts to the sections of a note, in the order of a template."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ml.scribe.candidates import Candidate, candidates, chosen
from ml.scribe.drugs import drug_names
from ml.scribe.facts import (
    Placed,
    allergy_facts,
    medication_facts,
    placed_facts,
    problem_facts,
    vital_facts,
)
from ml.scribe.model import ScribeModel
from ml.scribe.opening import agreement, reason
from ml.scribe.parts import headers, part_of
from ml.scribe.person import Pronouns
from ml.scribe.statement import sentence
from ml.scribe.symptoms import symptoms_of, system_lines
from ml.scribe.templates import SectionTemplate
from ml.scribe.units import Unit
from ml.scribe.verify import unsupported
from profiles.speech_records import ClinicalFact, NoteSection, NoteSentence

SAID_ALREADY: Final = 0.8
"""Share of a sentence's words that may stand in others before it is a repetition."""
AGREES: Final = "The patient understands and agrees with the recommended medical treatment plan."


@dataclass(frozen=True, slots=True)
class Visit:
    """What a note is made of.

    Parameters
    ----------
    units : sequence of Unit
    said : mapping of int to str
        Text of every segment.
    who : Pronouns
    """

    units: Sequence[Unit]
    said: Mapping[int, str]
    who: Pronouns


Part = tuple[str, NoteSentence]


def compose(
    visit: Visit, model: ScribeModel, template: Sequence[SectionTemplate]
) -> tuple[tuple[NoteSection, ...], tuple[ClinicalFact, ...]]:
    """The sections of a note and the facts that were found."""
    among = candidates(visit.units, visit.said, visit.who, model)
    spoken = sum(len(text.split()) for text in visit.said.values())
    taken = chosen(among, model.words(spoken), SAID_ALREADY)
    taken = _with_every_drug(taken, among)
    placed: list[Placed] = [
        (part_of(one, header), one)
        for one, header in zip(taken, headers(taken, model), strict=True)
    ]
    told = _told(visit.units, among)
    symptoms = symptoms_of(visit.units, told)
    numbered = placed_facts(placed)
    facts = [fact for _, fact in numbered]
    of_unit = {number: at for at, (number, _) in enumerate(numbered)}
    facts += problem_facts(symptoms, visit.units)
    for read in (medication_facts, vital_facts, allergy_facts):
        facts += read(visit.units)
    parts = [
        (part, NoteSentence(one.text, one.unit.segments, one.kind, of_unit.get(one.number)))
        for part, one in placed
    ]
    what, where = reason(visit.units, symptoms)
    made: list[Part] = []
    if what:
        made.append(("chief-complaint", NoteSentence(sentence(what), where)))
    made += [
        ("review-of-systems", NoteSentence(text, segments))
        for text, segments in system_lines(symptoms)
    ]
    made += _unsaid_drugs(visit, parts)
    where = agreement(visit.units)
    if where and parts:
        made.append(("follow-up", NoteSentence(AGREES, where)))
    supported = [one for one in made if _holds(one[1], visit.said)]
    return _sections([*parts, *supported], template), tuple(facts)


def _told(units: Sequence[Unit], among: Sequence[Candidate]) -> list[bool]:
    """Whether a unit is about what the patient feels: not the plan, not a finding."""
    division = {one.number: one.division for one in among}
    return [
        division.get(number, "none") in ("subjective", "none") for number, _ in enumerate(units)
    ]


def _holds(one: NoteSentence, said: Mapping[int, str]) -> bool:
    """Whether a sentence says nothing but what its segments say."""
    return not unsupported(one.text, " ".join(said[number] for number in one.segments))


def _with_every_drug(taken: Sequence[Candidate], among: Sequence[Candidate]) -> list[Candidate]:
    """The chosen sentences and, for every medicine without one, the best that names it."""
    named = {drug for one in taken for drug in drug_names(one.text)}
    more: list[Candidate] = []
    for one in sorted(among, key=lambda each: (-each.salience, each.number)):
        drugs = set(drug_names(one.text))
        if drugs - named:
            named |= drugs
            more.append(one if one.division != "none" else replace(one, division="subjective"))
    return sorted([*taken, *more], key=lambda each: each.number)


def _unsaid_drugs(visit: Visit, parts: Sequence[Part]) -> Iterator[Part]:
    """A quotation for every medicine that was spoken of but is in no sentence."""
    named = {drug for _, one in parts for drug in drug_names(one.text)}
    for unit in visit.units:
        drugs = set(drug_names(unit.text))
        if drugs - named:
            named |= drugs
            by = "The patient" if unit.role == "patient" else "The clinician"
            text = f'{by} mentioned "{unit.text.strip()}".'
            yield "medications", NoteSentence(text, unit.segments, "quotation")


def _sections(
    parts: Sequence[Part], template: Sequence[SectionTemplate]
) -> tuple[NoteSection, ...]:
    """Sentences in the order of the template's parts; a section without a sentence is left out."""
    sections = []
    for section in template:
        inside = [one for part in section.parts for name, one in parts if name == part]
        if inside:
            sections.append(NoteSection(section.code, section.title, tuple(inside)))
    return tuple(sections)
