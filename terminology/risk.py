"""Risk adjustment factors (RAF) of CMS-HCC and RxHCC: what the diagnoses of a year come to.

Computed by the package ``hccinfhir`` (Apache-2.0), loaded when it is first asked: categories, edits,
hierarchies, interactions and coefficients are CMS's. Normalization and coding intensity are left at one.
"""

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from terminology.icd10cm.codes import dotted, flat
from terminology.store_folder import TerminologyError

MODELS: Final = (
    "CMS-HCC Model V28",
    "CMS-HCC Model V24",
    "CMS-HCC Model V22",
    "CMS-HCC ESRD Model V24",
    "CMS-HCC ESRD Model V21",
    "RxHCC Model V08",
)


@dataclass(frozen=True, slots=True)
class Category:
    """A category that counts: its number, label and weight, and the diagnoses that lead to it."""

    code: str
    label: str
    weight: float
    diagnoses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Risk:
    """What a model makes of a person.

    Parameters
    ----------
    model : str
    score : float
        Raw RAF: demographics, categories and interactions.
    demographic : float
        The part of age and sex.
    categories : tuple of Category
        After edits and hierarchies.
    coefficients : tuple of (str, float)
        Everything that was added up, by CMS's names.
    """

    model: str
    score: float
    demographic: float
    categories: tuple[Category, ...]
    coefficients: tuple[tuple[str, float], ...]


def risk_of(
    diagnoses: Sequence[str], age: int, sex: str, model: str = MODELS[0], **status: str
) -> Risk:
    """The risk adjustment factor of a person.

    Parameters
    ----------
    diagnoses : sequence of str
        ICD-10-CM codes, with or without the dot.
    age : int
        On 1 February of the payment year.
    sex : str
        ``male`` or ``female``.
    model : str
        One of ``MODELS``.
    **status : str
        ``dual_elgbl_cd`` (Medicaid) and ``orec`` (original reason for entitlement), CMS's codes.

    Raises
    ------
    TerminologyError
        For an unknown model or sex, or where the package is not installed.
    """
    if model not in MODELS:
        raise TerminologyError("the model is none of CMS's that are known here")
    if sex not in ("male", "female"):
        raise TerminologyError("the models of CMS know male and female only")
    engine, demographics = _engine(model)
    person = demographics(age=age, sex="M" if sex == "male" else "F", **status)
    found = engine.calculate_from_diagnosis(sorted({flat(one) for one in diagnoses}), person)
    return Risk(
        model,
        float(found.risk_score),
        float(found.risk_score_demographics),
        tuple(_category(one, found.cc_to_dx) for one in found.hcc_details),
        tuple(sorted((str(name), float(weight)) for name, weight in found.coefficients.items())),
    )


def _category(detail: Any, diagnoses: Any) -> Category:
    code = str(detail.hcc)
    leading = tuple(sorted(map(dotted, diagnoses.get(code, ()))))
    return Category(code, str(detail.label or ""), float(detail.coefficient or 0.0), leading)


@lru_cache(maxsize=len(MODELS))
def _engine(model: str) -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            # It reads its files in a way that Python is about to drop.
            warnings.simplefilter("ignore", DeprecationWarning)
            package: Any = importlib.import_module("hccinfhir")
            return package.HCCInFHIR(model_name=model), package.Demographics
    except ImportError as error:
        raise TerminologyError(
            "risk adjustment needs the package hccinfhir: pip install isthmus[language]"
        ) from error
