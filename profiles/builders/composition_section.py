"""The sections of a drafted note: narrative with one element per sentence, and what each rests on.

R4 narrative.html allows ``id`` on every element of the XHTML, so that an extension of the section can name a
sentence.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from profiles.builders.coded_element import sayable
from profiles.speech_records import NoteSection, NoteSentence, Segment, Transcript
from terminology.notes import SENTENCE_EVIDENCE
from terminology.systems import LOINC

_LOINC: Final = re.compile(r"\d{1,7}-\d")
_XHTML: Final = "http://www.w3.org/1999/xhtml"


def sections_of(
    sections: Sequence[NoteSection],
    transcript: Transcript,
    reference: str,
    facts: Mapping[int, str],
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
            "extension": [evidence(name, one, by_number, reference) for name, one in named],
            "text": {"status": "generated", "div": _div(named)},
        }
        found = (facts.get(-1 if one.fact is None else one.fact) for one in said)
        references = dict.fromkeys(filter(None, found))
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
    return sayable(section.title).strip() or section.code.strip() or "Section"


def evidence(
    name: str, sentence: NoteSentence, by_number: Mapping[int, Segment], reference: str
) -> dict[str, Any]:
    """What one sentence rests on: the segments of the transcript, with seconds where they are known."""
    parts: list[dict[str, Any]] = [
        {"url": "sentence", "valueString": name},
        {"url": "kind", "valueCode": _kind(sentence)},
        {"url": "transcript", "valueReference": {"reference": reference}},
    ]
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


def _kind(sentence: NoteSentence) -> str:
    return "quotation" if sentence.kind == "quotation" else "template"


def _rests(sentence: NoteSentence, by_number: Mapping[int, Segment]) -> bool:
    """Whether it says something and rests on a segment that there is: else it does not enter a note."""
    said = sayable(sentence.text).strip()
    return bool(said) and any(number in by_number for number in sentence.segments)


def _div(named: Sequence[tuple[str, NoteSentence]]) -> str:
    lines = "".join(
        f'<p id="{name}">{escape(sayable(one.text).strip())}</p>' for name, one in named
    )
    return f'<div xmlns="{_XHTML}">{lines}</div>'
