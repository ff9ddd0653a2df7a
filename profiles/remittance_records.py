"""Facts of a remittance advice that cross a room: what a payer says that it has paid, and why not more.

Amounts are exact decimals with the sign that the payer gave them; a reversal has negative ones.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A part of a charge that was not paid: group code (CO, PR, OA, PI), reason code (CARC), amount."""

    group: str
    reason: str
    amount: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One service line as it was paid.

    Parameters
    ----------
    control : str
        Line item control number, which the claim gave it; empty where the payer does not say it.
    qualifier, code : str
        What kind of code it is (``HC``: HCPCS and CPT) and the code.
    modifiers : tuple of str
    original : str
        The code that was submitted, where the payer paid for another.
    revenue : str
        NUBC revenue code.
    charge, paid : Decimal
    units : Decimal or None
        Units that were paid for.
    begins, ends : str
        ISO dates; empty where not said.
    allowed : Decimal or None
    adjustments : tuple of Adjustment
    remarks : tuple of str
        Remark codes (RARC).
    """

    control: str
    qualifier: str
    code: str
    modifiers: tuple[str, ...]
    original: str
    revenue: str
    charge: Decimal
    paid: Decimal
    units: Decimal | None
    begins: str
    ends: str
    allowed: Decimal | None
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaidClaim:
    """One claim as it was paid.

    Parameters
    ----------
    number : int
        Place among the claims of its transaction, from 1.
    control : str
        Patient control number: what the claim calls itself.
    status : str
        Claim status code (CLP02).
    charge, paid : Decimal
    patient_share : Decimal or None
    payer_control : str
        What the payer calls it.
    frequency : str
    adjustments : tuple of Adjustment
        Of the claim as a whole.
    lines : tuple of PaidLine
    remarks : tuple of str
    received : str
        ISO date.
    segment : int
        Place of its first segment in the file.
    """

    number: int
    control: str
    status: str
    charge: Decimal
    paid: Decimal
    patient_share: Decimal | None
    payer_control: str
    frequency: str
    adjustments: tuple[Adjustment, ...]
    lines: tuple[PaidLine, ...]
    remarks: tuple[str, ...]
    received: str
    segment: int


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """Money between payer and provider that belongs to no claim; a positive amount is withheld."""

    provider: str
    reason: str
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Remittance:
    """One remittance advice: one payment, or the news that there is none.

    Parameters
    ----------
    trace, originator : str
        Number of the payment and id of who made it: together unlike any other.
    amount : Decimal
        Negative where the provider owes it.
    method : str
        How it is paid (BPR04).
    date : str
        ISO date of the payment.
    currency : str
    payer, payer_id, payee, payee_id : str
        Names and ids of both.
    claims : tuple of PaidClaim
    adjustments : tuple of ProviderAdjustment
    """

    trace: str
    originator: str
    amount: Decimal
    method: str
    date: str
    currency: str
    payer: str
    payer_id: str
    payee: str
    payee_id: str
    claims: tuple[PaidClaim, ...]
    adjustments: tuple[ProviderAdjustment, ...]
