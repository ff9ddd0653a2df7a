"""What a rendering of a finished note says, PDF or HTML alike (R4 documents.html#presentation).

A reader who has nothing but the paper must see whose note it is, of which visit, who stands for it, and that
an AI has drafted it (HL7 AI Transparency on FHIR).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from profiles.clinical_document import ClinicalDocument

MOST_IDENTIFIERS: Final = 4
UNTITLED: Final = "Note"
Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NoteDocument:
    """A finished note as it is read.

    Parameters
    ----------
    title, status : str
    facts : tuple of (str, str)
        Name and value of what stands above the text: patient, visit, author.
    sections : tuple of (str, tuple of str)
        Title and paragraphs of each, in their order.
    attested : str
        Who drafted it and who stands for it.
    running : str
        What every page says of the patient, so that a single sheet is not lost.
    written : str
        When it was finished, ISO 8601.
    remarks : tuple of str
        What a reader must know beside that, at the end.
    """

    title: str
    status: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    attested: str
    running: str
    written: str
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything that it says."""
        said = [self.title, self.status, self.attested, self.running, *self.remarks]
        said += [part for fact in self.facts for part in fact]
        said += [part for title, lines in self.sections for part in (title, *lines)]
        return "\n".join(said)


@dataclass(frozen=True, slots=True)
class Around:
    """The resources that a note refers to, each empty where it is not here."""

    patient: Resource
    encounter: Resource
    scribe: Resource


def note_document(
    composition: Resource, version: int, around: Around, lines: Callable[[str], Sequence[str]]
) -> NoteDocument:
    """A note and what it refers to, as it is read.

    Parameters
    ----------
    composition : Composition
        Attested.
    version : int
        Its version.
    around : Around
    lines : callable
        Paragraphs of a narrative, whoever has written it.
    """
    note = ClinicalDocument(composition)
    attester: Resource = next(iter(composition.get("attester", ())), {})
    person = named(attester.get("party", {}))
    drafted = _device(around.scribe)
    written = str(attester.get("time") or composition.get("date", ""))
    name = patient_name(around.patient)
    numbers = list(_identifiers(around.patient))
    given = (
        ("Patient", name),
        ("Identifier", "; ".join(numbers)),
        ("Born", str(around.patient.get("birthDate", ""))),
        ("Sex", str(around.patient.get("gender", ""))),
        ("Visit", _visit(note, around.encounter)),
        ("Status", f"{composition['status']}, version {version}"),
        ("Finalised", f"{spoken(written)} by {person}"),
        ("Drafted by", drafted and f"{drafted} (AI)"),
    )
    return NoteDocument(
        title=note.title or UNTITLED,
        status=str(composition["status"]),
        facts=tuple((label, value) for label, value in given if value),
        sections=tuple((title, tuple(lines(div))) for title, div in note.narratives()),
        attested=f"AI drafted, finalised by {person} on {spoken(written)}.",
        running=" · ".join(filter(None, (*numbers[:1], name, note.title or UNTITLED))),
        written=written,
    )


def patient_name(patient: Resource) -> str:
    """Official name of a patient, else the first; says so where there is none."""
    names = sorted(patient.get("name", ()), key=lambda one: one.get("use") != "official")
    first: Resource = next(iter(names), {})
    parts = (*first.get("prefix", ()), *first.get("given", ()), first.get("family", ""))
    spelled = " ".join(filter(None, (*parts, *first.get("suffix", ()))))
    return str(first.get("text") or spelled).strip() or "no name sent"


def named(reference: Resource) -> str:
    """What a Reference calls whom it leads to."""
    identifier = reference.get("identifier", {}).get("value", "")
    return str(reference.get("display") or reference.get("reference") or identifier or "a person")


def spoken(moment: str) -> str:
    """A FHIR ``dateTime`` for people, in the zone in which it was said."""
    day, _, time = moment.partition("T")
    zone = time[8:].lstrip(".0123456789")
    return f"{day} {time[:5]} {'UTC' if zone == 'Z' else zone}".strip() if time else day


def _identifiers(patient: Resource) -> Iterator[str]:
    """Identifiers in force, each with what kind it is."""
    valid = [one for one in patient.get("identifier", ()) if one.get("use") != "old"]
    for one in [one for one in valid if one.get("value")][:MOST_IDENTIFIERS]:
        kind = one.get("type", {})
        coding: Resource = next(iter(kind.get("coding", ())), {})
        label = kind.get("text") or coding.get("code") or ""
        yield f"{label} {one['value']}".strip()


def _visit(note: ClinicalDocument, encounter: Resource) -> str:
    """When, in which setting, and the visit's own number."""
    start, end = (encounter.get("period", {}).get(side, "") for side in ("start", "end"))
    start = start or note.served[0]
    until = spoken(end).removeprefix(start.partition("T")[0]).strip() if end else ""
    setting = encounter.get("class", {})
    number: Resource = next(iter(encounter.get("identifier", ())), {})
    parts = (
        " to ".join(filter(None, (spoken(start), until))),
        setting.get("display") or setting.get("code", ""),
        number.get("value", ""),
    )
    return " · ".join(filter(None, parts))


def _device(device: Resource) -> str:
    names = device.get("deviceName") or [{}]
    versions = device.get("version") or [{}]
    return f"{names[0].get('name', '')} {versions[0].get('value', '')}".strip()
