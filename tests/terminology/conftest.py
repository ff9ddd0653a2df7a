"""What the tests of code systems share."""

import pytest

from terminology.icd10cm.release import Icd10Cm, Release
from tests.make_terminology import terminology_folder


@pytest.fixture(scope="session")
def icd10cm() -> Icd10Cm:
    """The compiled base release."""
    return Icd10Cm(terminology_folder())


@pytest.fixture(scope="session")
def april(icd10cm: Icd10Cm) -> Release:
    """The release of April 2026."""
    return icd10cm.on("2026-04-01")
