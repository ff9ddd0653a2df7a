"""Constraints of resources that define things, but for StructureDefinition and Questionnaire."""

from typing import Final

from tests.profiles.constraints.case import Case, Members, of

TEXT: Final = {"text": "x"}
URL: Final = "https://example.org/x"
SYSTEM: Final = {"system": URL}

CAPABLE: Final = of(
    "CapabilityStatement",
    status="draft",
    date="2020",
    kind="requirements",
    fhirVersion="4.0.1",
    format=["json"],
    description="x",
    rest=[{"mode": "server"}],
)
SOFTWARE: Final = {"software": {"name": "x"}}
INSTANCE: Final = {"kind": "instance", "implementation": {"description": "x"}}
TERMS: Final = of(
    "TerminologyCapabilities", status="draft", date="2020", kind="requirements", description="x"
)
CODES: Final = of("CodeSystem", status="draft", content="complete")
VALUES: Final = of("ValueSet", status="draft")
MAP: Final = of("ConceptMap", status="draft")
GUIDE: Final = of(
    "ImplementationGuide",
    url=URL,
    name="X",
    status="draft",
    packageId="a.b",
    fhirVersion=["4.0.1"],
)
LISTED: Final = {"reference": {"reference": "Patient/p"}}
MESSAGE: Final = of("MessageDefinition", status="draft", date="2020", eventUri=URL)
MEASURE: Final = of("Measure", status="draft")
NAMES: Final = of("NamingSystem", name="X", status="draft", kind="root", date="2020")
OPERATION: Final = of(
    "OperationDefinition",
    name="X",
    status="draft",
    kind="operation",
    code="x",
    system=True,
    type=False,
    instance=False,
)
MAPPING: Final = of("StructureMap", url=URL, name="X", status="draft")
PARAMETER: Final = of(
    "SearchParameter",
    url=URL,
    name="X",
    status="draft",
    description="x",
    code="x",
    base=["Patient"],
    type="string",
)
REPORT: Final = of(
    "TestReport",
    status="completed",
    testScript={"reference": "TestScript/t"},
    result="pass",
)
SCRIPT: Final = of("TestScript", url=URL, name="X", status="draft")
OPERATED: Final = {"encodeRequestUrl": True, "url": "x"}
ASSERTED: Final = {"warningOnly": False, "responseCode": "200"}
EXPRESSED: Final = {"language": "text/fhirpath", "expression": "true"}


def served(**members: object) -> Members:
    """The REST part of a capability statement."""
    return {"rest": [{"mode": "server", **members}]}


def mapped(**target: object) -> Members:
    """A target of a concept map."""
    return {"group": [{"element": [{"code": "x", "target": [target]}]}]}


def unmapped(**members: object) -> Members:
    """What a concept map does with the rest."""
    return {"group": [{"element": [{"code": "x"}], "unmapped": members}]}


def guided(**members: object) -> Members:
    """The definition of a guide with one listed resource."""
    grouping = [{"id": "g", "name": "g"}]
    return {"definition": {"grouping": grouping, "resource": [{**LISTED, **members}]}}


def taking(**members: object) -> Members:
    """The parameter of an operation."""
    return {"parameter": [{"name": "x", "use": "in", "min": 0, "max": "1", **members}]}


def ruled(**target: object) -> Members:
    """A rule of a structure map."""
    rule = {"name": "x", "source": [{"context": "a"}], "target": [target]}
    entry = [{"name": "a", "mode": "source"}]
    return {"group": [{"name": "x", "typeMode": "none", "input": entry, "rule": [rule]}]}


def stratified(*given: object) -> Members:
    """The groups of a measure."""
    return {"group": [{"stratifier": list(given)}]}


def included(**members: object) -> Members:
    """What a value set is composed of."""
    return {"compose": {"include": [members]}}


def expanded(**members: object) -> Members:
    """An expansion with one entry."""
    return {"expansion": {"timestamp": "2020", "contains": [members]}}


def setting_up(**action: object) -> Members:
    """The setup of a test script with one action."""
    return {"setup": {"action": [action]}}


def trying(**action: object) -> Members:
    """The test of a test script with one action."""
    return {"test": [{"action": [action]}]}


def asserting(**members: object) -> Members:
    """An assertion of a setup."""
    return setting_up(**{"assert": {"warningOnly": False, **members}})


CASES: Final = (
    Case(
        "cmd-1",
        "ConceptMap.group[0].element[0].target[0]",
        MAP,
        mapped(code="y", equivalence="inexact"),
        mapped(code="y", equivalence="inexact", comment="x"),
    ),
    Case(
        "cmd-2",
        "ConceptMap.group[0].unmapped",
        MAP,
        unmapped(mode="fixed"),
        unmapped(mode="fixed", code="z"),
    ),
    Case(
        "cmd-3",
        "ConceptMap.group[0].unmapped",
        MAP,
        unmapped(mode="other-map"),
        unmapped(mode="other-map", url=URL),
    ),
    Case(
        "cpb-1",
        "CapabilityStatement",
        {key: one for key, one in CAPABLE.items() if key != "rest"},
        {},
        {"rest": [{"mode": "server"}]},
    ),
    Case(
        "cpb-2",
        "CapabilityStatement",
        {key: one for key, one in CAPABLE.items() if key != "description"},
        {},
        {"description": "x"},
    ),
    Case(
        "cpb-3",
        "CapabilityStatement",
        {
            **CAPABLE,
            "messaging": [
                {
                    "endpoint": [
                        {
                            "protocol": {
                                "system": "http://terminology.hl7.org/CodeSystem/message-transport",
                                "code": "http",
                            },
                            "address": "https://example.org",
                        }
                    ],
                    "documentation": "x",
                }
            ],
        },
        {},
        INSTANCE,
    ),
    Case(
        "cpb-7",
        "CapabilityStatement",
        CAPABLE,
        {"document": [{"mode": "producer", "profile": URL}] * 2},
        {"document": [{"mode": "producer", "profile": URL}]},
    ),
    Case(
        "cpb-9",
        "CapabilityStatement.rest[0]",
        CAPABLE,
        served(resource=[{"type": "Patient"}, {"type": "Patient"}]),
        served(resource=[{"type": "Patient"}, {"type": "Group"}]),
    ),
    Case(
        "cpb-12",
        "CapabilityStatement.rest[0].resource[0]",
        CAPABLE,
        served(
            resource=[
                {
                    "type": "Patient",
                    "searchParam": [{"name": "a", "type": "token"}, {"name": "a", "type": "token"}],
                }
            ]
        ),
        served(resource=[{"type": "Patient", "searchParam": [{"name": "a", "type": "token"}]}]),
    ),
    Case("cpb-14", "CapabilityStatement", CAPABLE, {"kind": "instance"}, INSTANCE),
    Case(
        "cpb-15",
        "CapabilityStatement",
        CAPABLE,
        {"kind": "capability"},
        {"kind": "capability", **SOFTWARE},
    ),
    Case("cpb-16", "CapabilityStatement", CAPABLE, SOFTWARE, {}),
    Case(
        "csd-1",
        "CodeSystem",
        CODES,
        {"concept": [{"code": "a", "concept": [{"code": "a"}]}]},
        {"concept": [{"code": "a", "concept": [{"code": "b"}]}]},
    ),
    Case(
        "ig-1",
        "ImplementationGuide.definition",
        GUIDE,
        guided(groupingId="h"),
        guided(groupingId="g"),
    ),
    Case(
        "ig-2",
        "ImplementationGuide",
        GUIDE,
        guided(fhirVersion=["4.0.0"]),
        guided(fhirVersion=["4.0.1"]),
    ),
    Case(
        "inv-2",
        "TestReport.test[0].action[0]",
        REPORT,
        trying(operation={"result": "pass"}, **{"assert": {"result": "pass"}}),
        trying(operation={"result": "pass"}),
    ),
    Case(
        "inv-1",
        "TestReport.setup.action[0]",
        REPORT,
        setting_up(operation={"result": "pass"}, **{"assert": {"result": "pass"}}),
        setting_up(operation={"result": "pass"}),
    ),
    Case(
        "md-1",
        "MessageDefinition.focus[0]",
        MESSAGE,
        {"focus": [{"code": "Patient", "min": 0, "max": "0"}]},
        {"focus": [{"code": "Patient", "min": 0, "max": "*"}]},
    ),
    Case(
        "mea-1",
        "Measure",
        MEASURE,
        stratified({"description": "x", "component": [{"criteria": EXPRESSED}]}),
        stratified({"description": "x"}),
    ),
    Case(
        "nsd-1",
        "NamingSystem",
        {**NAMES, "uniqueId": [{"type": "uuid", "value": "c757873d-ec9a-4326-a141-556f43239520"}]},
        {},
        {"kind": "identifier"},
    ),
    Case(
        "nsd-2",
        "NamingSystem",
        NAMES,
        {"uniqueId": [{"type": "uri", "value": URL, "preferred": True}] * 2},
        {
            "uniqueId": [
                {"type": "uri", "value": URL, "preferred": True},
                {"type": "oid", "value": "1.2", "preferred": True},
            ]
        },
    ),
    Case("opd-1", "OperationDefinition.parameter[0]", OPERATION, taking(), taking(type="string")),
    Case(
        "opd-2",
        "OperationDefinition.parameter[0]",
        OPERATION,
        taking(type="code", searchType="token"),
        taking(type="string", searchType="token"),
    ),
    Case(
        "opd-3",
        "OperationDefinition.parameter[0]",
        OPERATION,
        taking(type="code", targetProfile=["http://hl7.org/fhir/StructureDefinition/Patient"]),
        taking(type="Reference", targetProfile=["http://hl7.org/fhir/StructureDefinition/Patient"]),
    ),
    Case(
        "smp-1",
        "StructureMap.group[0].rule[0].target[0]",
        MAPPING,
        ruled(element="x"),
        ruled(element="x", context="a", contextType="variable"),
    ),
    Case(
        "smp-2",
        "StructureMap.group[0].rule[0].target[0]",
        MAPPING,
        ruled(context="a"),
        ruled(context="a", contextType="variable"),
    ),
    Case(
        "spd-1",
        "SearchParameter",
        PARAMETER,
        {"xpath": "f:Patient"},
        {"xpath": "f:Patient", "xpathUsage": "normal"},
    ),
    Case(
        "spd-2",
        "SearchParameter",
        {**PARAMETER, "chain": ["name"]},
        {},
        {"type": "reference", "target": ["Patient"], "expression": "Patient.link.other"},
    ),
    Case(
        "tcp-1",
        "TerminologyCapabilities.codeSystem[0]",
        TERMS,
        {"codeSystem": [{"uri": URL, "version": [{"code": "1"}, {"isDefault": True}]}]},
        {"codeSystem": [{"uri": URL, "version": [{"code": "1"}, {"code": "2"}]}]},
    ),
    Case(
        "tcp-2",
        "TerminologyCapabilities",
        {key: one for key, one in TERMS.items() if key != "description"},
        {},
        {"description": "x"},
    ),
    Case("tcp-3", "TerminologyCapabilities", TERMS, {"kind": "instance"}, INSTANCE),
    Case(
        "tcp-4",
        "TerminologyCapabilities",
        TERMS,
        {"kind": "capability"},
        {"kind": "capability", **SOFTWARE},
    ),
    Case("tcp-5", "TerminologyCapabilities", TERMS, SOFTWARE, {}),
    Case(
        "tst-1",
        "TestScript.setup.action[0]",
        SCRIPT,
        setting_up(operation=OPERATED, **{"assert": ASSERTED}),
        setting_up(operation=OPERATED),
    ),
    Case(
        "tst-2",
        "TestScript.test[0].action[0]",
        SCRIPT,
        trying(operation=OPERATED, **{"assert": ASSERTED}),
        trying(operation=OPERATED),
    ),
    Case(
        "tst-3",
        "TestScript.variable[0]",
        SCRIPT,
        {"variable": [{"name": "x", "expression": "a", "headerField": "b", "path": "c"}]},
        {"variable": [{"name": "x", "expression": "a"}]},
    ),
    Case(
        "tst-5",
        "TestScript.setup.action[0].assert",
        SCRIPT,
        asserting(responseCode="200", contentType="text/plain"),
        asserting(responseCode="200"),
    ),
    Case(
        "tst-6",
        "TestScript.test[0].action[0].assert",
        SCRIPT,
        trying(**{"assert": {**ASSERTED, "path": "x"}}),
        trying(**{"assert": ASSERTED}),
    ),
    Case(
        "tst-7",
        "TestScript.setup.action[0].operation",
        SCRIPT,
        setting_up(operation={"encodeRequestUrl": True}),
        setting_up(operation=OPERATED),
    ),
    Case(
        "tst-8",
        "TestScript.test[0].action[0].operation",
        SCRIPT,
        trying(operation={"encodeRequestUrl": True}),
        trying(operation=OPERATED),
    ),
    Case(
        "tst-9",
        "TestScript.teardown.action[0].operation",
        SCRIPT,
        {"teardown": {"action": [{"operation": {"encodeRequestUrl": True}}]}},
        {"teardown": {"action": [{"operation": OPERATED}]}},
    ),
    Case(
        "tst-10",
        "TestScript.setup.action[0].assert",
        SCRIPT,
        asserting(compareToSourceId="x"),
        asserting(compareToSourceId="x", compareToSourcePath="y"),
    ),
    Case(
        "tst-11",
        "TestScript.test[0].action[0].assert",
        SCRIPT,
        trying(**{"assert": {**ASSERTED, "compareToSourceId": "x"}}),
        trying(**{"assert": ASSERTED}),
    ),
    Case(
        "tst-12",
        "TestScript.setup.action[0].assert",
        SCRIPT,
        asserting(responseCode="200", direction="request"),
        asserting(responseCode="200", direction="response"),
    ),
    Case(
        "tst-13",
        "TestScript.test[0].action[0].assert",
        SCRIPT,
        trying(**{"assert": {**ASSERTED, "direction": "request"}}),
        trying(**{"assert": {**ASSERTED, "direction": "response"}}),
    ),
    Case(
        "vsd-1",
        "ValueSet.compose.include[0]",
        VALUES,
        included(version="1"),
        included(version="1", **SYSTEM),
    ),
    Case(
        "vsd-2",
        "ValueSet.compose.include[0]",
        VALUES,
        included(valueSet=[URL], concept=[{"code": "a"}]),
        included(concept=[{"code": "a"}], **SYSTEM),
    ),
    Case(
        "vsd-3",
        "ValueSet.compose.include[0]",
        VALUES,
        included(
            concept=[{"code": "a"}], filter=[{"property": "a", "op": "=", "value": "b"}], **SYSTEM
        ),
        included(concept=[{"code": "a"}], **SYSTEM),
    ),
    Case(
        "vsd-6",
        "ValueSet.expansion.contains[0]",
        VALUES,
        expanded(abstract=True),
        expanded(abstract=True, display="x"),
    ),
    Case(
        "vsd-9",
        "ValueSet.expansion.contains[0]",
        VALUES,
        expanded(display="x"),
        expanded(display="x", abstract=True),
    ),
    Case(
        "vsd-10",
        "ValueSet.expansion.contains[0]",
        VALUES,
        expanded(code="x"),
        expanded(code="x", **SYSTEM),
    ),
)
