"""Accession Number as the order's identifier (v2-0203 ACSN; IHE RAD, R4 imagingstudy.html)."""

from typing import Any

from profiles.records import InstanceHeader
from terminology.systems import ACCESSION, IDENTIFIER_TYPE


def accession_identifier(header: InstanceHeader) -> dict[str, Any] | None:
    """Identifier of the order that the study answers, when the header names one."""
    if not header.accession_number:
        return None
    issuer = header.issuer_of_accession
    return {
        "type": {"coding": [{"system": IDENTIFIER_TYPE, "code": "ACSN"}]},
        "system": f"urn:oid:{issuer}" if issuer[:1].isdigit() else ACCESSION,
        "value": header.accession_number,
    }


def based_on(header: InstanceHeader) -> list[dict[str, Any]]:
    """``basedOn`` by identifier: the order itself may live elsewhere."""
    identifier = accession_identifier(header)
    return [] if identifier is None else [{"type": "ServiceRequest", "identifier": identifier}]
