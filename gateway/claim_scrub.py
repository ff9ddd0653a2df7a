"""A Claim of the store is scrubbed with what is known around it: its parties, and what was claimed before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from adapters.store import Store, Transaction
from gateway.settings import Settings
from profiles.builders.claim_response import response_id
from profiles.outcome import OperationOutcomeError
from profiles.scrub.claim_view import ClaimView, stored_address
from profiles.scrub.context import EditTables, ScrubContext, edit_tables
from profiles.scrub.finding import Finding
from profiles.scrub.payer_rules import read_payer_rules
from profiles.scrub.scrub import scrub
from terminology.store_folder import TerminologyError
from terminology.x12 import REPLACES

EARLIER: Final = 200
"""The newest Claims among which a service is looked for that was claimed already."""


MOST_AROUND: Final = 500
"""References that are followed, those to patient and Coverages first; no claim form has as many."""


def tables_of(settings: Settings) -> EditTables:
    """The edit tables of this gateway, opened once; what is imported later is seen.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when the payers' rules cannot be read.
    """
    return tables_in(settings.terminology, settings.payer_rules)


@lru_cache(maxsize=8)
def tables_in(folder: Path, payer_rules: str = "") -> EditTables:
    """The edit tables of a folder of code systems, with the rules of a file."""
    return edit_tables(folder, read_payer_rules(Path(payer_rules)) if payer_rules else ())


def scrub_claim(
    records: Store | Transaction, claim: Mapping[str, Any], tables: EditTables, today: date
) -> tuple[Finding, ...]:
    """The findings on a Claim as it would be written on a day.

    Raises
    ------
    OperationOutcomeError
        ``transient`` when a table cannot be read, such as one that a newer program has yet to compile again.
    """
    context = ScrubContext(
        today=today.isoformat(),
        resources=around(records, claim),
        complete=True,
        earlier=_earlier(records, claim),
    )
    with readable_tables():
        return tuple(scrub(claim, tables, context))


@contextmanager
def readable_tables() -> Iterator[None]:
    """Turn the trouble of a compiled table into an answer for clients (``transient``)."""
    try:
        yield
    except TerminologyError as error:
        raise OperationOutcomeError("transient", f"a table of edits: {error}") from None


def around(records: Store | Transaction, claim: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Whatever of the Claim's parties, Coverages and Conditions is here."""
    found: dict[str, dict[str, Any]] = {}
    for reference in islice(_references(claim), MOST_AROUND):
        kind, _, key = reference.partition("/")
        stored = records.current(kind, key) if key and "/" not in key and "?" not in key else None
        if stored is not None and not stored.deleted:
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


def _earlier(records: Store | Transaction, claim: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Claims in force of the same patient and provider, made since the first day of service."""
    patient, provider = (stored_address(claim.get(name)) for name in ("patient", "provider"))
    days = [line.begins for line in ClaimView(claim, {}).lines if line.begins]
    if not patient or not provider or not days:
        return ()
    wanted = [("patient", patient), ("provider", provider), ("status", "active")]
    wanted += [("created", f"ge{min(days)}"), ("_sort", "-_lastUpdated")]
    found = [match.json() for match in records.search("Claim", wanted, count=EARLIER).matches]
    gone = {claim.get("id"), *(key for one in found for key in _replaced(one))}
    left = (one for one in found if one["id"] not in gone)
    return tuple(one for one in left if not _not_processed(records, one["id"]))


def _not_processed(records: Store | Transaction, claim_id: str) -> bool:
    """Whether we have answered a Claim with errors: what is mended and sent again repeats nothing."""
    answer = records.current("ClaimResponse", response_id(claim_id))
    return answer is not None and not answer.deleted and answer.json()["outcome"] == "error"


def _replaced(claim: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the Claims that a Claim has taken the place of."""
    for one in claim.get("related", ()):
        codes = {coding.get("code") for coding in one.get("relationship", {}).get("coding", ())}
        if codes & REPLACES:
            yield str(one.get("claim", {}).get("reference", "")).rpartition("/")[2]
