"""Scores of one note: overlap with a clinician's, and what it says that was not said.

Numbers are compared after one writing of number words, since a check of digits alone calls a third of the
numbers of clinicians' own notes unsupported: dialogues spell them. What is left out is counted over the
medicines, symptoms and numbers that were said and that the clinician's note has too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from conformance.rouge import rouge
from ml.scribe.dialogue import segments_of
from ml.scribe.drugs import drug_names
from ml.scribe.material import SENTENCE_END, Example
from ml.scribe.numbers import figures
from ml.scribe.symptoms import symptom_names
from ml.scribe.verify import unsupported
from profiles.speech_records import NoteSentence, ScribeNote


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one visit by name; a rate without a denominator is absent."""

    name: str
    scores: Mapping[str, float]


def plain_text(note: ScribeNote) -> str:
    """A note as text: titles and sentences on lines."""
    sections = (
        "\n".join((section.title, "", *(one.text for one in section.sentences)))
        for section in note.sections
    )
    return "\n\n".join(sections)


def scored(example: Example, note: ScribeNote | str) -> Scored:
    """The scores of one note; a text has no evidence, so its sentences rest on the whole visit."""
    text = note if isinstance(note, str) else plain_text(note)
    overlap = rouge(example.note, text)
    said = {one.number: one.text for one in segments_of(example.dialogue)}
    sentences = _sentences(note, tuple(said))
    whole = " ".join(said.values())
    scores = {
        "rouge1": overlap.rouge1,
        "rouge2": overlap.rouge2,
        "rouge_l": overlap.rouge_l,
        "rouge_lsum": overlap.rouge_lsum,
    }
    if sentences:
        count = len(sentences)
        bad = [one for one in sentences if not one.segments or _bad(one, said)]
        scores["unsupported"] = len(bad) / count
        cited = [one for one in sentences if one.segments and set(one.segments) <= set(said)]
        scores["evidence"] = 0.0 if isinstance(note, str) else len(cited) / count
    written = Counter(figures(text))
    if written:
        scores["number_mismatch"] = (
            sum(1 for one in written.elements() if one not in set(figures(whole))) / written.total()
        )
    wanted = _facts(whole) & _facts(example.note)
    if wanted:
        scores["omission"] = len(wanted - _facts(text)) / len(wanted)
    drugs = set(drug_names(whole))
    if drugs:
        scores["drug_recall"] = len(drugs & set(drug_names(text))) / len(drugs)
    return Scored(example.name, scores)


def _facts(text: str) -> set[tuple[str, str]]:
    """The medicines, symptoms and numbers that a text names."""
    kinds = (
        ("drug", drug_names(text)),
        ("symptom", symptom_names(text)),
        ("number", figures(text)),
    )
    return {(kind, name) for kind, names in kinds for name in names}


def _sentences(note: ScribeNote | str, everything: tuple[int, ...]) -> list[NoteSentence]:
    if isinstance(note, str):
        lines = [line.strip() for line in note.splitlines() if line.strip()]
        split = [one for line in lines for one in SENTENCE_END.split(line)]
        return [NoteSentence(one, everything) for one in split]
    return [one for section in note.sections for one in section.sentences]


def _bad(one: NoteSentence, said: Mapping[int, str]) -> bool:
    """Whether a sentence says a number, unit, side or medicine that its segments do not."""
    return bool(unsupported(one.text, " ".join(said.get(at, "") for at in one.segments)))


def means(told: Sequence[Scored]) -> dict[str, float]:
    """The mean of every score over the visits that have it."""
    names = dict.fromkeys(name for one in told for name in one.scores)
    return {name: fmean(one.scores[name] for one in told if name in one.scores) for name in names}
