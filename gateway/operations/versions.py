"""``$versions`` (R4 capabilitystatement-operation-versions.html): the version of FHIR that is spoken here."""

from typing import Any, Final

from gateway.operations.definition import HL7, Call, Operation, Parameter

SPOKEN: Final = "4.0"


def versions(call: Call) -> dict[str, Any]:
    """The one version, which is the default too."""
    names = ("version", "default")
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, "valueCode": SPOKEN} for name in names],
    }


OPERATION: Final = Operation(
    "versions",
    "The versions of FHIR that this server speaks, and the one that it answers in.",
    levels=("system",),
    compute=versions,
    methods=("GET", "POST"),
    affects_state=False,
    base=f"{HL7}/CapabilityStatement-versions",
    parameters=(
        Parameter("version", "out", 1, "*", "code", "A version, as major.minor."),
        Parameter("default", "out", 1, "1", "code", "The version of an answer."),
    ),
)
