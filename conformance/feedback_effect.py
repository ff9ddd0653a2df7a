"""What learned defaults change in the codes: before and after, on material that they were not learned from.

On a site's own decisions the coder is not run again: its kept results are taken as they were, so that the
table alone makes the difference. Reviewers had seen the coder's codes: these figures compare tables, and do
not say how good a coder is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from conformance.coding_notes import (
    Codes,
    by_name,
    named_as_labels,
    read_codes,
    read_notes,
    with_notes,
)
from conformance.coding_report import counts_shown
from conformance.coding_run import coder, run_coder
from conformance.coding_scores import categories, exact, score
from conformance.evaluate_coding import release_on, requests, show_progress
from gateway.feedback_records import JudgedClaim
from gateway.site_defaults import with_site_defaults
from ml.worker import Places
from profiles.coding_records import SUGGESTED, CodingResult
from terminology.learned_defaults import LearnedDefault
from terminology.systems import ICD_10_CM

Defaults = Sequence[LearnedDefault]
Result = tuple[str, CodingResult]
"""Date of service and what the coder said."""


def effect_on_claims(
    claims: Sequence[JudgedClaim], folder: Path, before: Defaults, after: Defaults
) -> dict[str, Any]:
    """The effect on the sealed decisions of a site."""
    labels = {one.claim: frozenset(one.diagnoses) for one in claims}
    results = {one.claim: (one.service_date, one.result) for one in claims}
    said = _effect(results, labels, folder, before, after)
    return {"on": "sealed decisions of this site", **said}


def effect_on_notes(
    notes: Path, labels: Path, places: Places, before: Defaults, after: Defaults
) -> dict[str, Any]:
    """The effect on notes with labels, coded anew.

    Raises
    ------
    OperationOutcomeError
        The files do not fit together, or there is no coder.
    """
    given = by_name(read_codes(labels))
    encounters = named_as_labels(read_notes([notes]), given)
    known = with_notes(given, encounters)
    release = release_on(places.terminology, None)
    asked = requests([e for e in encounters if e.key in known], release.begins, None)
    module = cast("ModuleType", coder()).__name__
    ran = run_coder(module, places, asked, show_progress)
    results = {one.key: (one.request.service_date, one.result) for one in ran.done}
    return {"on": notes.name, **_effect(results, known, places.terminology, before, after)}


def _effect(
    results: Mapping[str, Result],
    labels: Codes,
    folder: Path,
    before: Defaults,
    after: Defaults,
) -> dict[str, Any]:
    old = {key: _codes(one, before, folder) for key, one in results.items()}
    new = {key: _codes(one, after, folder) for key, one in results.items()}
    found: dict[str, Any] = {
        "encounters": len(results),
        "changed": sum(old[key] != new[key] for key in results),
    }
    for name, level in (("exact", exact), ("category", categories)):
        found[name] = {
            when: counts_shown(score(level(codes), level(labels)).micro)
            for when, codes in (("before", old), ("after", new))
        }
    return found


def _codes(given: Result, defaults: Defaults, folder: Path) -> frozenset[str]:
    """The suggested diagnoses of a result once the defaults have been put in."""
    day, result = given
    made = with_site_defaults(result, folder, day, defaults)
    return frozenset(
        one.code for one in made.suggestions if one.system == ICD_10_CM and one.status == SUGGESTED
    )
