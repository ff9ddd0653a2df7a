"""Report text from the coded facts: every number, side and negation in it is one of theirs."""

from dataclasses import dataclass
from typing import Final

from profiles.followup import Recommendation
from profiles.records import ImagingFindings, Lesion

DEMONSTRATION: Final = (
    "Demonstration model, trained on synthetic phantoms only; no clinical validity."
)
UNREVIEWED: Final = "Preliminary AI result; not reviewed by a person."


@dataclass(frozen=True, slots=True)
class ReportText:
    """The sections of a report, as plain text; paragraphs are separated by line breaks."""

    procedure: str
    findings: str
    impression: str
    recommendation: str

    @property
    def conclusion(self) -> str:
        """What a list of reports shows."""
        return "\n".join(part for part in (self.impression, self.recommendation) if part)


def write_report(
    findings: ImagingFindings, recommendations: tuple[Recommendation, ...]
) -> ReportText:
    """The template text of a result."""
    what = f"{findings.finding.display} of the {findings.body_site.display}".lower()
    return ReportText(
        procedure=_procedure(findings),
        findings="\n".join(_findings(findings, what)),
        impression="\n".join([*_warnings(findings), _impression(findings, what)]),
        recommendation="\n".join(f"{r.text} [{r.citation}]" for r in recommendations),
    )


def lesion_sentence(lesion: Lesion) -> str:
    """One lesion in words."""
    side = f", {lesion.laterality}" if lesion.laterality else ""
    text = (
        f"{lesion.tracking_id}{side}: volume {lesion.volume_ml:.2f} mL, "
        f"long axis {lesion.long_axis_mm:.1f} mm, short axis {lesion.short_axis_mm:.1f} mm, "
        f"model score {lesion.score:.2f}."
    )
    notes = "".join(f" {note[0].upper()}{note[1:]}." for note in lesion.notes)
    return text + notes


def _warnings(findings: ImagingFindings) -> list[str]:
    return [UNREVIEWED, *([DEMONSTRATION] if findings.model.demonstration else [])]


def _findings(findings: ImagingFindings, what: str) -> list[str]:
    if findings.status == "refused" and findings.refusal is not None:
        return [f"The analysis was refused. {findings.refusal.text}"]
    if findings.status == "absent":
        return [f"No {what} was detected."]
    return [lesion_sentence(lesion) for lesion in findings.lesions]


def _impression(findings: ImagingFindings, what: str) -> str:
    if findings.status == "refused" and findings.refusal is not None:
        return f"Not analysed: {findings.refusal.text} No statement on any {what} is made."
    if findings.status == "absent":
        return f"No {what} detected."
    count = len(findings.lesions)
    head = f"{what[0].upper()}{what[1:]} detected: {count}."
    return "\n".join([head, *(lesion_sentence(lesion) for lesion in findings.lesions)])


def _procedure(findings: ImagingFindings) -> str:
    analysed = sum(outcome.status == "analysed" for outcome in findings.series)
    lines = [
        f"Model {findings.model.name} {findings.model.version}; series analysed: {analysed}.",
        *(
            f"A series was {outcome.status.replace('-', ' ')}: {outcome.refusal.text}"
            for outcome in findings.series
            if outcome.refusal is not None
        ),
        *findings.notes,
        *_warnings(findings),
    ]
    return "\n".join(lines)
