"""What a coder may read: documents, reports and compositions, in one view (R4 documentreference.html etc.).

A view answers what the gateway asks of any of them: whether it is in force, whose it is, to which encounter
it belongs, of which type and language it is, and whether a text could be in it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from terminology.ai_transparency import ASSERTED
from terminology.systems import LOINC

KINDS: Final = ("DocumentReference", "Composition", "DiagnosticReport")
_SIGNED: Final = {
    "Composition": frozenset({"final", "amended"}),
    "DiagnosticReport": frozenset({"final", "amended", "corrected", "appended"}),
}
_DOCUMENT_SIGNED: Final = frozenset({"", "final", "amended"})
"""``docStatus``; a document of which it is not said is taken for complete."""
_WITHDRAWN: Final = frozenset({"entered-in-error", "superseded", "cancelled"})
_LOCAL: Final = re.compile(
    r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?"
)


@dataclass(frozen=True, slots=True)
class ClinicalDocument:
    """One resource that may hold a note."""

    resource: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Resource type."""
        return str(self.resource["resourceType"])

    @property
    def reference(self) -> str:
        """Relative reference; empty for a resource that has no id."""
        return f"{self.kind}/{self.resource['id']}" if "id" in self.resource else ""

    @property
    def in_force(self) -> bool:
        """Whether it is current and complete: neither a draft, nor replaced, nor withdrawn."""
        status = self.resource.get("status")
        if self.kind == "DocumentReference":
            return status == "current" and self.resource.get("docStatus", "") in _DOCUMENT_SIGNED
        return status in _SIGNED[self.kind]

    @property
    def withdrawn(self) -> bool:
        """Whether it was in force once, perhaps, and is not to be used any more."""
        stated = {self.resource.get("status"), self.resource.get("docStatus")}
        return bool(stated & _WITHDRAWN)

    @property
    def ours(self) -> bool:
        """Whether an AI has made it and nobody stands for it: a result must not become another's source."""
        labels = self.resource.get("meta", {}).get("security", ())
        drafted = any(label.get("code") == ASSERTED.code for label in labels)
        return drafted and not (self.in_force and self._attested)

    @property
    def _attested(self) -> bool:
        """Whether a named person has taken the content of a Composition for his own."""
        attesters = self.resource.get("attester", ()) if self.kind == "Composition" else ()
        return any(one.get("party") for one in attesters)

    @property
    def patient(self) -> str:
        """Reference of the patient, empty when it is about nobody or nobody known here."""
        return local(self.resource.get("subject"), "Patient")

    @property
    def encounter(self) -> str:
        """Reference of the one encounter to which it belongs; empty without one."""
        given = self.resource.get("encounter")
        if self.kind == "DocumentReference":
            listed = self.resource.get("context", {}).get("encounter", ())
            found = [local(one, "Encounter") for one in listed]
            return next(filter(None, found), "")
        return local(given, "Encounter")

    @property
    def written(self) -> str:
        """When it was written, as far as it says."""
        names = {"DiagnosticReport": ("issued", "effectiveDateTime")}.get(self.kind, ("date",))
        return next((str(self.resource[n]) for n in names if self.resource.get(n)), "")

    @property
    def served(self) -> tuple[str, str]:
        """Start and end of the service that it documents, as far as it says."""
        if self.kind == "DiagnosticReport":
            at = self.resource.get("effectiveDateTime", "")
            period = self.resource.get("effectivePeriod", {"start": at})
        elif self.kind == "Composition":
            period = next((e.get("period", {}) for e in self.resource.get("event", ())), {})
        else:
            period = self.resource.get("context", {}).get("period", {})
        return str(period.get("start", "")), str(period.get("end", ""))

    @property
    def title(self) -> str:
        """Kind of note as its source calls it."""
        concept = self.resource.get("code" if self.kind == "DiagnosticReport" else "type", {})
        names = [concept.get("text"), *(c.get("display") for c in concept.get("coding", ()))]
        own = self.resource.get("title") or next(filter(None, names), None)
        return str(own or self.resource.get("description", ""))

    @property
    def loinc(self) -> frozenset[str]:
        """LOINC codes of its type and categories."""
        concepts = [
            self.resource.get("type", {}),
            self.resource.get("code", {}),
            *self.resource.get("category", ()),
        ]
        codings = [coding for concept in concepts for coding in concept.get("coding", ())]
        return frozenset(str(c.get("code")) for c in codings if c.get("system") == LOINC)

    @property
    def attachments(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Its attachments, each with the path of its element: renditions of one content."""
        if self.kind == "DocumentReference":
            listed = [c.get("attachment", {}) for c in self.resource.get("content", ())]
            paths = (f"DocumentReference.content[{at}].attachment" for at in range(len(listed)))
        else:
            listed = list(self.resource.get("presentedForm", ()))
            paths = (f"{self.kind}.presentedForm[{at}]" for at in range(len(listed)))
        return list(zip(paths, listed, strict=True))

    @property
    def languages(self) -> frozenset[str]:
        """Languages that it declares, the primary subtag of each (BCP 47)."""
        declared = [a.get("language") for _, a in self.attachments] or [None]
        own = self.resource.get("language")
        named = [one or own for one in declared]
        return frozenset(one.partition("-")[0].lower() for one in named if one)

    def narratives(self) -> Iterator[tuple[str, str]]:
        """Title and XHTML of every part of a narrative, in order."""
        found = list(_sections(self.resource.get("section", ())))
        if not found and (div := self.resource.get("text", {}).get("div")):
            found = [("", div)]
        yield from found


def _sections(sections: Any) -> Iterator[tuple[str, str]]:
    for section in sections:
        div = section.get("text", {}).get("div", "")
        inner = list(_sections(section.get("section", ())))
        if div or inner:
            yield section.get("title", ""), div
        yield from inner


def local(reference: Mapping[str, Any] | None, kind: str) -> str:
    """A reference without its version, where it leads to a resource of one type on this server."""
    found = _LOCAL.fullmatch(str((reference or {}).get("reference", "")))
    return f"{kind}/{found[2]}" if found is not None and found[1] == kind else ""
