"""A Claim of the store is scrubbed with what is known around it: its parties, and what was claimed before."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from adapters.store import StoredVersion, Transaction
from gateway.settings import TERMINOLOGY, Settings
from profiles.scrub.claim_view import ClaimView, address
from profiles.scrub.context import EditTables, ScrubContext, edit_tables
from profiles.scrub.finding import Finding
from profiles.scrub.payer_rules import read_payer_rules
from profiles.scrub.scrub import scrub

EARLIER: Final = 200
"""The newest Claims among which a service is looked for that was claimed already."""

Read = Callable[[str, str], StoredVersion | None]


def tables_of(settings: Settings) -> EditTables:
    """The edit tables of this gateway, opened once; what is imported later is seen.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when the payers' rules cannot be read.
    """
    return _tables(Path(settings.data) / TERMINOLOGY, settings.payer_rules)


@lru_cache(maxsize=8)
def _tables(folder: Path, payer_rules: str) -> EditTables:
    return edit_tables(folder, read_payer_rules(Path(payer_rules)) if payer_rules else ())


def scrub_claim(
    tx: Transaction, claim: Mapping[str, Any], tables: EditTables
) -> tuple[Finding, ...]:
    """The findings on a Claim as it would be written now."""
    context = ScrubContext(
        today=tx.moment.date().isoformat(),
        resources=around(tx.read, claim),
        complete=True,
        earlier=_earlier(tx, claim),
    )
    return tuple(scrub(claim, tables, context))


def around(read: Read, claim: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Whatever of the Claim's parties, Coverages and Conditions is here."""
    found: dict[str, dict[str, Any]] = {}
    for reference in _references(claim):
        kind, _, key = reference.partition("/")
        stored = read(kind, key) if key and "/" not in key and "?" not in key else None
        if stored is not None:
            found[reference] = stored.json()
    return found


def _references(claim: Mapping[str, Any]) -> Iterator[str]:
    given = [
        claim.get("patient"),
        claim.get("insurer"),
        claim.get("provider"),
        *(one.get("coverage") for one in claim.get("insurance", ())),
        *(one.get("provider") for one in claim.get("careTeam", ())),
        *(one.get("diagnosisReference") for one in claim.get("diagnosis", ())),
    ]
    return (str(one["reference"]) for one in given if one and "reference" in one)


def _earlier(tx: Transaction, claim: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Claims in force of the same patient and provider, made since the first day of service."""
    patient, provider = address(claim.get("patient")), address(claim.get("provider"))
    days = [line.begins for line in ClaimView(claim, {}).lines if line.begins]
    if not patient or not days:
        return ()
    wanted = [("patient", patient), ("status", "active"), ("_sort", "-_lastUpdated")]
    wanted.append(("created", f"ge{min(days)}"))
    if provider:
        wanted.append(("provider", provider))
    page = tx.search("Claim", wanted, count=EARLIER)
    return tuple(match.json() for match in page.matches if match.id != claim.get("id"))
