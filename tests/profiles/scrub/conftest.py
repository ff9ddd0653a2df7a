"""Edit tables of a site: the installed ICD-10-CM, and small releases of everything else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from profiles.admission import require_admissible
from profiles.scrub.context import EditTables, ScrubContext, edit_tables
from profiles.scrub.finding import Finding
from profiles.scrub.scrub import scrub
from terminology.hcc_import import compile_installed
from terminology.icd10cm.release import Icd10Cm
from tests.make_claim import resources
from tests.make_tables import every_table
from tests.make_terminology import terminology_folder

Findings = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> EditTables:
    """Every table; its ICD-10-CM is the installed release."""
    folder: Path = tmp_path_factory.mktemp("tables")
    every_table(folder)
    compile_installed(folder)
    return replace(edit_tables(folder), icd10cm=Icd10Cm(terminology_folder()))


@pytest.fixture(scope="session")
def findings(tables: EditTables) -> Findings:
    """Scrub an admissible Claim with every table."""

    def scrubbed(claim: dict[str, Any], **context: Any) -> list[Finding]:
        require_admissible(claim)
        given = {"resources": resources(), "complete": True, "today": "2026-06-01", **context}
        used = given.pop("tables", tables)
        return scrub(claim, used, ScrubContext(**given))

    return scrubbed


@pytest.fixture(scope="session")
def rules(findings: Findings) -> Callable[..., set[str]]:
    """Ids of the rules that speak of a Claim."""
    return lambda claim, **context: {one.rule for one in findings(claim, **context)}
