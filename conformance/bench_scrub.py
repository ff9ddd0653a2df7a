"""``isthmus bench scrub``: Claims per second through every edit, with tables of the size that CMS publishes.

Two million NCCI pairs and 15,000 MUE are invented, written in the official layouts and imported; diagnoses
are those of the installed ICD-10-CM. Everything runs in one thread of one fresh process.
"""

import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from profiles.scrub.context import EditTables, ScrubContext, edit_tables
from profiles.scrub.payer_rules import payer_rules
from profiles.scrub.scrub import scrub
from terminology.hcc_import import compile_installed
from terminology.icd10cm.base import compile_base
from terminology.importers import Import, importers
from terminology.systems import CLAIM_TYPE, CPT, ICD_10_CM

PAIRS: Final = 2_000_000
UNITS: Final = 15_000
CLAIMS: Final = 2_000
EARLIER: Final = 5
"""Claims of the same patient that a new one is compared with."""
USUAL: Final = 3_000
"""Diagnoses that a site uses; the first ones far more often than the last."""
DAY: Final = "2026-05-04"
DAYS: Final = (DAY, "2026-04-20", "2026-04-02", "2026-03-11", "2026-02-03")
"""Of the earlier Claims: one in five is of the same day."""
RULES: Final = {
    "timelyFilingDays": 365,
    "constraint": [
        {
            "key": "priority",
            "severity": "error",
            "human": "The claim has a priority.",
            "expression": "priority.exists()",
        }
    ],
}


def run(rounds: int) -> dict[str, Any]:
    """Import the tables, scrub ``rounds`` times two thousand Claims, and say how fast and how large."""
    chance = random.Random(7)  # noqa: S311 - the same Claims in every run
    with tempfile.TemporaryDirectory(prefix="isthmus-bench-") as folder:
        root = Path(folder)
        numbers = [f"{number:05d}" for number in range(10_000, 10_000 + UNITS)]
        imported = {
            "import icd10cm": _timed(lambda: compile_base(root, _quiet)),
            "import hcc": _timed(lambda: compile_installed(root)),
            "import ncci": _timed(lambda: _import(root, "ncci", _pairs(numbers, chance))),
            "import mue": _timed(lambda: _import(root, "mue", _units(numbers, chance))),
            "import cpt": _timed(lambda: _import(root, "cpt", iter(numbers))),
        }
        tables = edit_tables(root, (payer_rules(RULES),))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before = _resident_mb()
        given = _claims(tables, numbers, chance)
        found: Counter[str] = Counter()
        cold = _rate(given[:200], tables, found)
        rates = [_rate(given, tables, found) for _ in range(max(rounds, 1))]
        return {
            "pairs": PAIRS,
            "units": UNITS,
            "claims": len(given),
            "claims_per_s": round(max(wall for wall, _ in rates)),
            "claims_per_cpu_s": round(max(processor for _, processor in rates)),
            "claims_per_s, first 200": round(cold[0]),
            "lookup_us": _lookups(tables, numbers, chance),
            "rss_mb, tables open": round(before),
            "rss_mb, at the end": round(_resident_mb()),
            "rss_mb, most (import)": round(most),
            "import_s": imported,
            "findings": dict(found.most_common()),
        }


def _quiet(done: int, total: int, what: str) -> None:
    """Nobody watches."""


def _timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return round(time.perf_counter() - begun, 2)


def _import(root: Path, name: str, lines: Iterator[str]) -> None:
    source = root / f"{name}.txt"
    with source.open("w") as file:
        file.writelines(f"{line}\n" for line in lines)
    importers()[name].run(Import(root, (source,), "2026-04-01"))
    source.unlink()


def _pairs(numbers: list[str], chance: random.Random) -> Iterator[str]:
    """Pairs as CMS writes them: few services take most of them, one in six is deleted."""
    yield "Column 1\tColumn 2\t*\tEffective Date\tDeletion Date\tModifier\tPTP Edit Rationale"
    for _ in range(PAIRS):
        one, other = chance.choice(numbers), chance.choice(numbers)
        ended = "20191231" if chance.random() < 0.16 else "*"
        indicator = chance.choices("019", (30, 68, 2))[0]
        yield f"{one}\t{other}\t\t20100101\t{ended}\t{indicator}\tInvented for this measurement"


def _units(numbers: list[str], chance: random.Random) -> Iterator[str]:
    yield "HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale"
    for number in numbers:
        yield f"{number},{chance.randint(1, 8)},{chance.choice('123')} Edit,Invented"


def _claims(
    tables: EditTables, numbers: list[str], chance: random.Random
) -> list[tuple[dict[str, Any], ScrubContext]]:
    release = tables.diagnosis_codes(DAY)
    leaves = list(release.leaves()) if release is not None else []
    diagnoses, services = chance.sample(leaves, USUAL), chance.sample(numbers, 1_500)
    found = []
    for at in range(CLAIMS):
        days = [*chance.choices(DAYS, k=EARLIER), DAY]
        made = [_claim(at * 10 + n, day, diagnoses, services, chance) for n, day in enumerate(days)]
        context = ScrubContext(
            "2026-06-01", _around(at), complete=True, earlier=tuple(made[:EARLIER])
        )
        found.append(({**made[-1], "patient": {"reference": f"Patient/{at}"}}, context))
    return found


def _claim(
    at: int, day: str, diagnoses: list[str], services: list[str], chance: random.Random
) -> dict[str, Any]:
    codes = {_usual(diagnoses, chance) for _ in range(chance.randint(1, 8))}
    lines = [_line(n, day, services, chance) for n in range(1, chance.randint(2, 7))]
    return {
        "resourceType": "Claim",
        "id": str(at),
        "status": "active",
        "type": {"coding": [{"system": CLAIM_TYPE, "code": "professional"}]},
        "use": "claim",
        "patient": {"reference": f"Patient/{at // 10}"},
        "created": "2026-05-05",
        "billablePeriod": {"start": day, "end": day},
        "insurer": {"reference": "Organization/1"},
        "provider": {"reference": "Practitioner/1"},
        "priority": {"coding": [{"code": "normal"}]},
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{at // 10}"}}
        ],
        "diagnosis": [
            {
                "sequence": n,
                "diagnosisCodeableConcept": {"coding": [{"system": ICD_10_CM, "code": code}]},
            }
            for n, code in enumerate(sorted(codes), 1)
        ],
        "item": lines,
        "total": {"value": sum(line["net"]["value"] for line in lines), "currency": "USD"},
    }


def _usual(codes: list[str], chance: random.Random) -> str:
    return codes[min(int(chance.expovariate(1 / 300)), len(codes) - 1)]


def _line(sequence: int, day: str, services: list[str], chance: random.Random) -> dict[str, Any]:
    units = chance.choice((1, 1, 1, 2, 4))
    modifiers = chance.choice(((), (), ("59",), ("RT",), ("25", "95")))
    return {
        "sequence": sequence,
        "diagnosisSequence": [1],
        "productOrService": {"coding": [{"system": CPT, "code": chance.choice(services)}]},
        "modifier": [{"coding": [{"code": modifier}]} for modifier in modifiers],
        "servicedDate": day,
        "quantity": {"value": units},
        "unitPrice": {"value": 25, "currency": "USD"},
        "net": {"value": 25 * units, "currency": "USD"},
    }


def _around(at: int) -> dict[str, Any]:
    return {
        f"Patient/{at}": {"resourceType": "Patient", "gender": "female", "birthDate": "1961-05-04"},
        f"Coverage/{at}": {
            "resourceType": "Coverage",
            "status": "active",
            "beneficiary": {"reference": f"Patient/{at}"},
        },
        "Organization/1": {"resourceType": "Organization"},
        "Practitioner/1": {"resourceType": "Practitioner"},
    }


def _rate(
    given: list[tuple[dict[str, Any], ScrubContext]], tables: EditTables, found: Counter[str]
) -> tuple[float, float]:
    """Claims per second of the clock, and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    for claim, context in given:
        found.update(finding.rule for finding in scrub(claim, tables, context))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return len(given) / wall, len(given) / processor


def _lookups(tables: EditTables, numbers: list[str], chance: random.Random) -> dict[str, float]:
    """Microseconds of one look-up in each table of edits."""
    wanted = [(chance.choice(numbers), chance.choice(numbers)) for _ in range(5_000)]
    pairs, units = tables.pairs["practitioner"].on(DAY), tables.units["practitioner"].on(DAY)
    if pairs is None or units is None:
        return {}
    found = {}
    for name, look in (
        ("ncci", lambda one, other: pairs.edit(one, other, DAY)),
        ("mue", lambda one, other: units.edit(one)),
    ):
        begun = time.process_time()
        for one, other in wanted:
            look(one, other)
        found[name] = round((time.process_time() - begun) / len(wanted) * 1e6, 2)
    return found


def _resident_mb() -> float:
    """Memory of this process at this moment; the most that it has had where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1_048_576
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
