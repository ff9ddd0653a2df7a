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
from ml.scribe.problems import Problem, heading, is_title, problem_at, problems_of
from ml.scribe.statement import sentence
from ml.scribe.symptoms import symptoms_of, system_lines
from ml.scribe.templates import SectionTemplate
from ml.scribe.units import Unit
from ml.scribe.verify import unsupported
from profiles.speech_records import ClinicalFact, NoteSection, NoteSentence

SAID_ALREADY: Final = 0.8
"""Share of a sentence's words that may stand in others before it is a repetition."""
OF_PROBLEMS: Final = ("assessment", "plan")
"""Parts that are told problem by problem."""
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


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence, the part of the note that it stands in, and under which problem of the plan."""

    name: str
    sentence: NoteSentence
    problem: int | None = None


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
    problems = [
        one
        for one in problems_of(visit.units)
        if _holds(NoteSentence(one.title, one.segments), visit.said)
    ]
    parts = [
        Part(
            part,
            NoteSentence(one.text, one.unit.segments, one.kind, of_unit.get(one.number)),
            problem_at(problems, one.number),
        )
        for part, one in placed
        if not is_title(one.text, problems)
    ]
    what, where = reason(visit.units, symptoms)
    made: list[Part] = []
    if what:
        made.append(Part("chief-complaint", NoteSentence(sentence(what), where)))
    made += [
        Part("review-of-systems", NoteSentence(text, segments))
        for text, segments in system_lines(symptoms)
    ]
    made += _unsaid_drugs(visit, parts)
    where = agreement(visit.units)
    if where and parts:
        made.append(Part("follow-up", NoteSentence(AGREES, where)))
    supported = [one for one in made if _holds(one.sentence, visit.said)]
    return _sections([*parts, *supported], problems, template), tuple(facts)


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
    named = {drug for one in parts for drug in drug_names(one.sentence.text)}
    for unit in visit.units:
        drugs = set(drug_names(unit.text))
        if drugs - named:
            named |= drugs
            by = "The patient" if unit.role == "patient" else "The clinician"
            text = f'{by} mentioned "{unit.text.strip()}".'
            yield Part("medications", NoteSentence(text, unit.segments, "quotation"))


def _sections(
    parts: Sequence[Part], problems: Sequence[Problem], template: Sequence[SectionTemplate]
) -> tuple[NoteSection, ...]:
    """Sentences in the order of the template's parts; a section without a sentence is left out."""
    sections = []
    for section in template:
        inside = [one for part in section.parts for one in parts if one.name == part]
        titles = problems if "assessment" in section.parts else ()
        sentences = tuple(_by_problem(inside, problems, titles))
        if sentences:
            sections.append(NoteSection(section.code, section.title, sentences))
    return tuple(sections)


def _by_problem(
    inside: Sequence[Part], problems: Sequence[Problem], titles: Sequence[Problem]
) -> Iterator[NoteSentence]:
    """What belongs to no problem, each problem with what was said of it, what ends the note.

    Parameters
    ----------
    inside : sequence of Part
    problems : sequence of Problem
    titles : sequence of Problem
        Those that stand here even where nothing was said of them.
    """
    told = [one for one in inside if one.name in OF_PROBLEMS]
    rest = [one.sentence for one in inside if one.name not in OF_PROBLEMS]
    yield from (one.sentence for one in told if one.problem is None)
    for index, problem in enumerate(problems):
        under = [one.sentence for one in told if one.problem == index]
        if under or problem in titles:
            yield NoteSentence(heading(problem, ":" if under else "."), problem.segments)
            yield from under
    yield from rest
