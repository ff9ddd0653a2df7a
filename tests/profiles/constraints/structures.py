"""Constraints of StructureDefinition, ElementDefinition and Questionnaire."""

from typing import Final

from tests.profiles.constraints.case import Case, Members, of

PATIENT: Final = "http://hl7.org/fhir/StructureDefinition/Patient"
EXTENSION: Final = "http://hl7.org/fhir/StructureDefinition/Extension"
ROOT: Final = {"id": "Patient", "path": "Patient"}
PROFILE: Final = of(
    "StructureDefinition",
    url="https://example.org/StructureDefinition/x",
    name="X",
    status="draft",
    kind="resource",
    abstract=False,
    type="Patient",
    baseDefinition=PATIENT,
    derivation="constraint",
)
WHOLE: Final = {
    **ROOT,
    "definition": "x",
    "min": 0,
    "max": "*",
    "base": {"path": "Patient", "min": 0, "max": "*"},
}
NAME: Final = {**WHOLE, "id": "Patient.name", "path": "Patient.name"}
DIFFERENTIAL: Final = {"differential": {"element": [ROOT]}}
ACTIVE: Final = "Patient.active"


def element(**members: object) -> Members:
    """A differential with one element beside the root."""
    return {"differential": {"element": [ROOT, {"id": ACTIVE, "path": ACTIVE, **members}]}}


def shown(*elements: object) -> Members:
    """A snapshot of these elements."""
    return {"snapshot": {"element": list(elements)}}


def changed(*elements: object) -> Members:
    """A differential of these elements."""
    return {"differential": {"element": list(elements)}}


def one(key: str, broken: Members, twin: Members, inside: str = "") -> Case:
    """A constraint of an element definition."""
    at = f"StructureDefinition.differential.element[1]{inside}"
    return Case(key, at, PROFILE, element(**broken), element(**twin))


def all_of(key: str, broken: Members, twin: Members, inside: str = "") -> Case:
    """A constraint of a structure definition."""
    return Case(key, f"StructureDefinition{inside}", PROFILE, broken, twin)


KINDS: Final = [{"code": "code"}, {"code": "string"}]
FORM: Final = of("Questionnaire", status="draft")


def asking(key: str, broken: Members, twin: Members, inside: str = "") -> Case:
    """A constraint of an item of a questionnaire."""
    first, second = ({"item": [{"linkId": "1", **item}]} for item in (broken, twin))
    return Case(key, f"Questionnaire.item[0]{inside}", FORM, first, second)


INNER: Final = {"item": [{"linkId": "2", "type": "string"}]}
CHOICES: Final = {"answerOption": [{"valueString": "a"}]}
STATED: Final = {"initial": [{"valueString": "a"}]}
CHOICE: Final = {"type": "choice", **CHOICES}


def enabled(*when: Members, **members: object) -> Members:
    """An item with conditions."""
    return {"type": "string", "enableWhen": list(when), **members}


SAID: Final = {"question": "9", "operator": "exists", "answerBoolean": True}

CASES: Final = (
    one(
        "eld-1",
        {"slicing": {"rules": "open"}},
        {"slicing": {"rules": "open", "description": "x"}},
        ".slicing",
    ),
    one("eld-2", {"min": 2, "max": "1"}, {"min": 1, "max": "*"}),
    one("eld-3", {"max": "-1"}, {"max": "1"}, ".max"),
    one(
        "eld-4",
        {"type": [{"code": "string", "aggregation": ["bundled"]}]},
        {"type": [{"code": "Reference", "aggregation": ["bundled"]}]},
        ".type[0]",
    ),
    one(
        "eld-5", {"contentReference": "#Patient", "maxLength": 1}, {"contentReference": "#Patient"}
    ),
    one("eld-6", {"fixedString": "x", "type": KINDS}, {"fixedString": "x", "type": KINDS[1:]}),
    one("eld-7", {"patternString": "x", "type": KINDS}, {"patternString": "x", "type": KINDS[1:]}),
    one("eld-8", {"fixedString": "x", "patternString": "x"}, {"fixedString": "x"}),
    one(
        "eld-12",
        {"binding": {"strength": "example", "valueSet": "ftp://example.org/v"}},
        {"binding": {"strength": "example", "valueSet": "https://example.org/v"}},
        ".binding",
    ),
    one("eld-13", {"type": [{"code": "code"}] * 2}, {"type": KINDS}),
    one(
        "eld-14",
        {"constraint": [{"key": "a", "severity": "error", "human": "x", "expression": "true"}] * 2},
        {"constraint": [{"key": "a", "severity": "error", "human": "x", "expression": "true"}]},
    ),
    one(
        "eld-15",
        {"defaultValueString": "x", "meaningWhenMissing": "x"},
        {"meaningWhenMissing": "x"},
    ),
    one("eld-16", {"sliceName": "a b"}, {"sliceName": "a-b"}),
    one(
        "eld-17",
        {"type": [{"code": "string", "targetProfile": [PATIENT]}]},
        {"type": [{"code": "Reference", "targetProfile": [PATIENT]}]},
        ".type[0]",
    ),
    one("eld-18", {"isModifier": True}, {"isModifier": True, "isModifierReason": "x"}),
    one("eld-19", {"path": "Patient.a b"}, {"path": "Patient.a:b"}),
    one("eld-22", {"sliceIsConstraining": True}, {"sliceIsConstraining": True, "sliceName": "a"}),
    all_of(
        "sdf-1",
        {"derivation": "specialization", **shown(WHOLE, NAME, {**NAME, "id": "n"})},
        {"derivation": "constraint", **shown(WHOLE, NAME, {**NAME, "id": "n"})},
    ),
    all_of(
        "sdf-2",
        {**DIFFERENTIAL, "mapping": [{"identity": "a"}]},
        {**DIFFERENTIAL, "mapping": [{"identity": "a", "name": "x"}]},
        ".mapping[0]",
    ),
    all_of(
        "sdf-3",
        shown(WHOLE, {key: member for key, member in NAME.items() if key != "min"}),
        shown(WHOLE, NAME),
        ".snapshot",
    ),
    Case(
        "sdf-4",
        "StructureDefinition",
        {key: member for key, member in PROFILE.items() if key != "baseDefinition"},
        DIFFERENTIAL,
        {**DIFFERENTIAL, "baseDefinition": PATIENT},
    ),
    Case(
        "sdf-5",
        "StructureDefinition",
        {
            **PROFILE,
            "type": "Extension",
            "kind": "complex-type",
            "baseDefinition": EXTENSION,
            **changed({"id": "Extension", "path": "Extension"}),
        },
        {},
        {"context": [{"type": "element", "expression": "Patient"}]},
    ),
    all_of("sdf-6", {}, DIFFERENTIAL),
    all_of("sdf-8", shown(WHOLE, {**NAME, "path": "Group.name"}), shown(WHOLE, NAME), ".snapshot"),
    all_of(
        "sdf-8a",
        changed(ROOT, {"id": "x", "path": "Group.name"}),
        changed(ROOT, {"id": "x", "path": "Patient.name"}),
        ".differential",
    ),
    all_of(
        "sdf-8b",
        shown(WHOLE, {key: member for key, member in NAME.items() if key != "base"}),
        shown(WHOLE, NAME),
        ".snapshot",
    ),
    all_of("sdf-9", changed({**ROOT, "label": "x"}), DIFFERENTIAL),
    all_of(
        "sdf-10",
        shown(WHOLE, {**NAME, "binding": {"strength": "example"}}),
        shown(WHOLE, {**NAME, "binding": {"strength": "example", "description": "x"}}),
        ".snapshot.element[1]",
    ),
    all_of("sdf-11", {"type": "Person", **shown(WHOLE)}, shown(WHOLE)),
    all_of("sdf-14", changed({"path": "Patient"}), DIFFERENTIAL),
    all_of("sdf-15", shown({**WHOLE, "type": [{"code": "Patient"}]}), shown(WHOLE)),
    all_of("sdf-15a", changed({**ROOT, "type": [{"code": "Patient"}]}), DIFFERENTIAL),
    all_of("sdf-16", shown(WHOLE, {**NAME, "id": "Patient"}), shown(WHOLE, NAME)),
    all_of(
        "sdf-17",
        changed(ROOT, {"id": "Patient", "path": "Patient.name"}),
        changed(ROOT, {"id": "Patient.name", "path": "Patient.name"}),
    ),
    all_of("sdf-18", {**DIFFERENTIAL, "contextInvariant": ["true"]}, DIFFERENTIAL),
    all_of(
        "sdf-19",
        {"url": "http://hl7.org/fhir/StructureDefinition/x", **element(type=[{"code": "a-b"}])},
        {"url": "http://hl7.org/fhir/StructureDefinition/x", **element(type=[{"code": "boolean"}])},
    ),
    all_of(
        "sdf-20",
        changed({**ROOT, "slicing": {"rules": "open", "description": "x"}}),
        DIFFERENTIAL,
        ".differential",
    ),
    all_of(
        "sdf-21",
        element(defaultValueBoolean=True),
        {"derivation": "specialization", **element(defaultValueBoolean=True)},
    ),
    all_of(
        "sdf-22",
        {
            "url": "http://hl7.org/fhir/StructureDefinition/x",
            "derivation": "specialization",
            **element(defaultValueBoolean=True),
        },
        {
            "url": "http://hl7.org/fhir/StructureDefinition/x",
            "derivation": "specialization",
            **element(fixedBoolean=True),
        },
    ),
    all_of("sdf-23", changed({**ROOT, "sliceName": "x"}), DIFFERENTIAL),
    asking("que-1", {"type": "group"}, {"type": "group", **INNER}),
    Case(
        "que-2",
        "Questionnaire",
        FORM,
        {"item": [{"linkId": "1", "type": "string"}] * 2},
        {"item": [{"linkId": "1", "type": "string"}]},
    ),
    asking(
        "que-3",
        {"type": "display", "code": [{"code": "a"}]},
        {"type": "string", "code": [{"code": "a"}]},
    ),
    asking("que-4", {**CHOICE, "answerValueSet": "https://example.org/v"}, CHOICE),
    asking("que-5", {"type": "boolean", **CHOICES}, CHOICE),
    asking("que-6", {"type": "display", "required": True}, {"type": "string", "required": True}),
    asking(
        "que-7",
        enabled({"question": "9", "operator": "exists", "answerString": "x"}),
        enabled(SAID),
        ".enableWhen[0]",
    ),
    asking("que-8", {"type": "display", **STATED}, {"type": "string", **STATED}),
    asking("que-9", {"type": "display", "readOnly": True}, {"type": "string", "readOnly": True}),
    asking("que-10", {"type": "date", "maxLength": 1}, {"type": "string", "maxLength": 1}),
    asking("que-11", {**CHOICE, **STATED}, CHOICE),
    asking("que-12", enabled(SAID, SAID), enabled(SAID, SAID, enableBehavior="all")),
    asking(
        "que-13",
        {"type": "string", "initial": [{"valueString": "a"}, {"valueString": "b"}]},
        {
            "type": "string",
            "repeats": True,
            "initial": [{"valueString": "a"}, {"valueString": "b"}],
        },
    ),
)
