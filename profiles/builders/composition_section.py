"""The sections of a drafted note: narrative with one element per sentence, and what each rests on.

R4 narrative.html allows ``id`` on every element of the XHTML, so that an extension of the section can name a
sentence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, Final

from profiles.builders.coded_element import sayable
from profiles.speech_records import ClinicalFact, NoteSection, NoteSentence, Segment, Transcript
from terminology.notes import SENTENCE_EVIDENCE
from terminology.systems import LOINC

_LOINC: Final = re.compile(r"\d{1,7}-\d")
_SENTENCE: Final = re.compile(r'<p id="([\w-]+)">(.*?)</p>', re.DOTALL)
_XHTML: Final = "http://www.w3.org/1999/xhtml"


@dataclass(frozen=True, slots=True)
class Rest:
    """A segment that a sentence rests on, with its seconds where they are known."""

    number: int
    start_s: float | None
    end_s: float | None


def sections_of(
    sections: Sequence[NoteSection],
    transcript: Transcript,
    reference: str,
    facts: Sequence[tuple[ClinicalFact, str]],
) -> list[dict[str, Any]]:
    """``Composition.section``; a section without a sentence is not there (cmp-1)."""
    by_number = {segment.number: segment for segment in transcript.segments}
    made = []
    for at, section in enumerate(sections, 1):
        said = [one for one in section.sentences if _rests(one, by_number)]
        if not said:
            continue
        named = [(f"s{at}-{n}", one) for n, one in enumerate(said, 1)]
        entry = {
            "title": titled(section),
            "code": section_concept(section.code, titled(section)),
            "extension": [
                evidence(name, one, by_number, reference, _said_in(one, facts))
                for name, one in named
            ],
            "text": {"status": "generated", "div": _div(named)},
        }
        references = dict.fromkeys(name for one in said for name in _said_in(one, facts))
        if references:
            entry["entry"] = [{"reference": one} for one in references]
        made.append(entry)
    return made


def section_concept(code: str, title: str) -> dict[str, Any]:
    """Code of a section: LOINC where it is such a code, else its title alone."""
    said: dict[str, Any] = {"text": title}
    if _LOINC.fullmatch(code):
        said = {"coding": [{"system": LOINC, "code": code}], **said}
    return said


def titled(section: NoteSection) -> str:
    """Title of a section as FHIR can say it."""
    return sayable(section.title).strip() or sayable(section.code).strip() or "Section"


def evidence(
    name: str,
    sentence: NoteSentence,
    by_number: Mapping[int, Segment],
    reference: str,
    facts: Sequence[str],
) -> dict[str, Any]:
    """What one sentence rests on: the segments of the transcript, with seconds where they are known."""
    parts: list[dict[str, Any]] = [
        {"url": "sentence", "valueString": name},
        {"url": "kind", "valueCode": _kind(sentence)},
        {"url": "transcript", "valueReference": {"reference": reference}},
    ]
    parts += [{"url": "fact", "valueReference": {"reference": one}} for one in facts]
    for number in dict.fromkeys(sentence.segments):
        if number not in by_number:
            continue
        segment = by_number[number]
        inner: list[dict[str, Any]] = [{"url": "number", "valueUnsignedInt": number}]
        for side, seconds in (("start", segment.start_s), ("end", segment.end_s)):
            if seconds is not None:
                inner.append({"url": side, "valueDecimal": round(seconds, 3)})
        parts.append({"url": "segment", "extension": inner})
    return {"url": SENTENCE_EVIDENCE, "extension": parts}


def _said_in(sentence: NoteSentence, facts: Sequence[tuple[ClinicalFact, str]]) -> list[str]:
    """References of what is said in the segments that a sentence rests on: it goes when the sentence goes."""
    rests = set(sentence.segments)
    return list(dict.fromkeys(name for fact, name in facts if rests & set(fact.segments)))


def _kind(sentence: NoteSentence) -> str:
    return "quotation" if sentence.kind == "quotation" else "template"


def _rests(sentence: NoteSentence, by_number: Mapping[int, Segment]) -> bool:
    """Whether it says something and rests on a segment that there is: else it does not enter a note."""
    said = sayable(sentence.text).strip()
    return bool(said) and any(number in by_number for number in sentence.segments)


def _div(named: Sequence[tuple[str, NoteSentence]]) -> str:
    return div_of([(name, one.text) for name, one in named])


def div_of(sentences: Sequence[tuple[str, str]]) -> str:
    """Narrative of a section: one element per sentence, with its id."""
    lines = "".join(
        f'<p id="{name}">{escape(sayable(text).strip())}</p>' for name, text in sentences
    )
    return f'<div xmlns="{_XHTML}">{lines}</div>'


def sentences_in(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Id and text of the sentences of a section that was written here."""
    div = str(section.get("text", {}).get("div", ""))
    return [(name, unescape(text)) for name, text in _SENTENCE.findall(div)]


def rests_of(section: Mapping[str, Any]) -> dict[str, list[Rest]]:
    """What each sentence of a section rests on, by its id."""
    marks = [one for one in section.get("extension", ()) if one.get("url") == SENTENCE_EVIDENCE]
    return {
        str(part_of(mark, "sentence")): [
            Rest(
                int(part_of(part, "number") or 0),
                _seconds(part_of(part, "start")),
                _seconds(part_of(part, "end")),
            )
            for part in mark.get("extension", ())
            if part["url"] == "segment"
        ]
        for mark in marks
    }


def part_of(mark: Mapping[str, Any], name: str) -> Any:
    """Value of one part of a complex extension, None without it."""
    for part in mark.get("extension", ()):
        if part["url"] == name:
            return next((value for key, value in part.items() if key != "url"), None)
    return None


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)
