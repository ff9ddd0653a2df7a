"""Section templates: which parts of a note stand under which LOINC code and title, in which order.

Codes are LOINC's section codes as the C-CDA and US note profiles use them. A site writes its own templates in
``scribe/templates.json`` below its models; they stand beside and before those that ship.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

SHIPPED: Final = Path(__file__).parent / "templates.json"
PARTS: Final = (
    "chief-complaint",
    "history-of-present-illness",
    "past-medical-history",
    "surgical-history",
    "family-history",
    "social-history",
    "medications",
    "allergies",
    "review-of-systems",
    "vital-signs",
    "physical-examination",
    "results",
    "assessment",
    "plan",
    "follow-up",
)


@dataclass(frozen=True, slots=True)
class SectionTemplate:
    """One section: its LOINC code, its title, the parts of a note that stand in it."""

    code: str
    title: str
    parts: tuple[str, ...]


Templates = Mapping[str, tuple[SectionTemplate, ...]]


def read_templates(path: Path) -> Templates:
    """Every template of a file.

    Raises
    ------
    OperationOutcomeError
        ``value``: the file is no such table, or a template leaves out or doubles a part of the note.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        read = {name: tuple(map(_section, sections)) for name, sections in stored.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OperationOutcomeError("value", "The section templates cannot be read.") from error
    for sections in read.values():
        parts = [part for section in sections for part in section.parts]
        if sorted(parts) != sorted(PARTS):
            said = "A section template must place every part of a note once."
            raise OperationOutcomeError("value", said)
    return read


def _section(stored: Mapping[str, Any]) -> SectionTemplate:
    return SectionTemplate(str(stored["code"]), str(stored["title"]), tuple(stored["parts"]))


def load_templates(models: Path) -> Templates:
    """The templates that ship and the site's own."""
    own = models / "scribe" / SHIPPED.name
    return {**read_templates(SHIPPED), **(read_templates(own) if own.is_file() else {})}
