"""A site's codes for tests: any number, or a few; HCPCS with a handful of public descriptions."""

from ml.coding.sections import sections
from profiles.coding_records import SUGGESTED, CodeSuggestion, CodingRequest, Evidence, Note
from terminology.procedures import ProcedureCode
from terminology.systems import CPT, HCPCS

DRUGS = {
    "J3301": "Injection, triamcinolone acetonide, not otherwise specified, 10 mg",
    "J1885": "Injection, ketorolac tromethamine, per 15 mg",
    "J0696": "Injection, ceftriaxone sodium, per 250 mg",
    "J3420": "Injection, vitamin b-12 cyanocobalamin, up to 1000 mcg",
    "J1010": "Injection, methylprednisolone acetate, 1 mg",
}


class Codes:
    """What a site may use; every CPT number when none is named."""

    has_hcpcs = True

    def __init__(self, *numbers, has_cpt=True, properties=(), edits=None):
        self.edits = edits or {}
        self.numbers = numbers
        self.has_cpt = has_cpt
        self.properties = properties

    def get(self, code):
        """The code if the site has it."""
        if self.numbers and code not in self.numbers and code not in DRUGS:
            return None
        return ProcedureCode(code, DRUGS.get(code, ""), "", "", "", self.properties)

    def edit(self, first, second):
        """Indicator of a pair."""
        return self.edits.get((first, second), "")

    def release_of(self, code):
        """System and version."""
        return (HCPCS if code[0].isalpha() else CPT), "2026"

    def search(self, text, limit):
        """Drugs by the name that is searched."""
        name = text.split()[1]
        return [ProcedureCode(c, d, "", "", "", ()) for c, d in DRUGS.items() if name in d][:limit]


def request_of(text, **said):
    """A request with one note, and the sections of it."""
    note = Note("DocumentReference/1", text, said.pop("title", ""))
    return CodingRequest((note,), "2026-06-01", **said), [sections(text)]


def diagnosis(text, code, words, display=""):
    """A diagnosis that the last place of some words is evidence of."""
    start = text.rindex(words)
    place = Evidence("DocumentReference/1", start, start + len(words), words, "assessment")
    return CodeSuggestion("icd", "2026-04", code, display or words, 0.9, SUGGESTED, (place,))
