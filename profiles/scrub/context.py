"""What a scrub is given beside the Claim: the edit tables of the site, and what is known around the Claim."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from profiles.scrub.claim_view import ClaimView
from profiles.scrub.payer_rules import PayerRules
from terminology import mue, ncci
from terminology.add_on import AddOnCodes, add_on_codes
from terminology.hcc import HccRelease, hcc_releases
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.mue import UnitEdits, unit_edits
from terminology.ncci import PairEdits, pair_edits
from terminology.procedures import CPT_KIND, HCPCS_KIND, ProcedureRelease, procedure_codes
from terminology.tables.release import Releases


@dataclass(frozen=True, slots=True)
class EditTables:
    """The tables of a site; every rule whose table is absent stays silent.

    Parameters
    ----------
    icd10cm : Icd10Cm or None
        Releases of ICD-10-CM.
    hcpcs, cpt : Releases or None
        HCPCS Level II, and the CPT numbers of the site.
    pairs, units : mapping of str to Releases
        NCCI PTP edits and MUE by ``practitioner``, ``hospital`` and ``dme``.
    add_on, hcc : Releases or None
        Add-on codes; condition categories with their age edits.
    payers : tuple of PayerRules
        Of every payer that the site has rules of.
    """

    icd10cm: Icd10Cm | None = None
    hcpcs: Releases[ProcedureRelease] | None = None
    cpt: Releases[ProcedureRelease] | None = None
    pairs: Mapping[str, Releases[PairEdits]] = field(default_factory=dict)
    units: Mapping[str, Releases[UnitEdits]] = field(default_factory=dict)
    add_on: Releases[AddOnCodes] | None = None
    hcc: Releases[HccRelease] | None = None
    payers: tuple[PayerRules, ...] = ()

    def diagnosis_codes(self, day: str) -> Release | None:
        """The ICD-10-CM release that is used for a day; the nearest one where none covers it."""
        if self.icd10cm is None or not self.icd10cm.releases:
            return None
        return self.icd10cm.on(day)


def edit_tables(folder: Path, payers: tuple[PayerRules, ...] = ()) -> EditTables:
    """The tables of a folder of code systems; what is imported later is seen."""
    return EditTables(
        Icd10Cm(folder),
        procedure_codes(folder, HCPCS_KIND),
        procedure_codes(folder, CPT_KIND),
        {
            "practitioner": pair_edits(folder, ncci.PRACTITIONER),
            "hospital": pair_edits(folder, ncci.HOSPITAL),
        },
        {
            "practitioner": unit_edits(folder, mue.PRACTITIONER),
            "hospital": unit_edits(folder, mue.HOSPITAL),
            "dme": unit_edits(folder, mue.SUPPLIER),
        },
        add_on_codes(folder),
        hcc_releases(folder),
        payers,
    )


@dataclass(frozen=True, slots=True)
class ScrubContext:
    """What is known around a Claim.

    Parameters
    ----------
    today : str
        ISO date of the scrub.
    resources : mapping of str to mapping
        Patient, Coverages, Conditions and other resources that the Claim refers to, by reference
        (``Patient/1``).
    complete : bool
        Whether ``resources`` holds whatever of them exists here: what is absent then does not exist.
    earlier : tuple of mapping
        Other Claims of the same patient that were sent or received, for the search of duplicates.
    service : str
        ``practitioner``, ``hospital`` or ``dme``: whose edits apply; empty for those of the claim's type.
    """

    today: str
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    complete: bool = False
    earlier: tuple[Mapping[str, Any], ...] = ()
    service: str = ""


def used_tables(tables: EditTables, claim: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, version and SHA-256 of every release that is asked for the day of a Claim."""
    day = ClaimView(claim, {}).service_date or "9999-12-31"
    used: list[tuple[str, str, str]] = []
    codes = tables.diagnosis_codes(day)
    if codes is not None:
        used.append(("icd10cm", codes.version, codes.digest))
    kinds: list[Releases[Any]] = [*tables.pairs.values(), *tables.units.values()]
    kinds += [
        one for one in (tables.hcpcs, tables.cpt, tables.add_on, tables.hcc) if one is not None
    ]
    for releases in kinds:
        release = releases.on(day)
        if release is not None:
            used.append((release.kind, release.version, release.digest))
    return used
