"""The archive's index: studies and instances, on one connection."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.sql.records import StudyRow
from profiles.records import InstanceHeader, InstanceRef, SeriesRef, from_json

SMOOTHING: Final = 0.3
"""Weight of the newest gap in the running mean of gaps between instances."""

LONGEST_GAP_MS: Final = 10_000
"""A longer silence is a new delivery, not the rhythm of this one."""

_STUDY = (
    "uid, revision, published, patient_id, imaging_study_id, first_ms, last_ms, gap_ms, expected, "
    "instances"
)
_COLUMNS: Final = frozenset({"patient_id", "imaging_study_id", "expected", "published"})


def study(connection: Any, study_uid: str) -> StudyRow | None:
    """Row of a study."""
    row = connection.execute(f"SELECT {_STUDY} FROM study WHERE uid = ?", (study_uid,)).fetchone()
    return None if row is None else StudyRow(*row)


def update_study(connection: Any, study_uid: str, columns: dict[str, Any]) -> None:
    """Set columns of a study."""
    if unknown := set(columns) - _COLUMNS:
        raise ValueError(f"not columns that may be set: {sorted(unknown)}")
    assignments = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(
        f"UPDATE study SET {assignments} WHERE uid = ?",
        (*columns.values(), study_uid),
    )


def instance(connection: Any, sop_uid: str) -> tuple[InstanceHeader, str] | None:
    """Header and blob of an instance."""
    row = connection.execute(
        "SELECT header, blob FROM instance WHERE uid = ?", (sop_uid,)
    ).fetchone()
    return None if row is None else (from_json(InstanceHeader, orjson.loads(row[0])), row[1])


def put_instance(
    connection: Any,
    header: InstanceHeader,
    blob: str,
    size: int,
    calling_ae: str,
    ours: bool,
    stamp: int,
) -> str:
    """Index one instance: ``stored``, ``identical``, or ``other`` (same UID, other data set)."""
    known = connection.execute(
        "SELECT sha256 FROM instance WHERE uid = ?", (header.sop_uid,)
    ).fetchone()
    if known is not None:
        return "identical" if known[0] == header.dataset_sha256 else "other"
    connection.execute(
        "INSERT INTO study (uid, first_ms, last_ms) VALUES (?, ?, ?) ON CONFLICT (uid) DO NOTHING",
        (header.study_uid, stamp, stamp),
    )
    if not ours:
        connection.execute(
            "UPDATE study SET revision = revision + 1, instances = instances + 1, "
            "gap_ms = CASE WHEN instances = 0 OR ? - last_ms > ? OR ? < last_ms THEN gap_ms "
            "ELSE ? * gap_ms + ? * (? - last_ms) END, last_ms = ? WHERE uid = ?",
            (
                stamp,
                LONGEST_GAP_MS,
                stamp,
                1 - SMOOTHING,
                SMOOTHING,
                stamp,
                stamp,
                header.study_uid,
            ),
        )
    connection.execute(
        "INSERT INTO instance (uid, study_pk, series_uid, blob, size, sha256, calling_ae, ours, ts, "
        "header) VALUES (?, (SELECT pk FROM study WHERE uid = ?), ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            header.sop_uid,
            header.study_uid,
            header.series_uid,
            blob,
            size,
            header.dataset_sha256,
            calling_ae,
            int(ours),
            stamp,
            orjson.dumps(asdict(header)),
        ),
    )
    return "stored"


def series(connection: Any, study_uid: str, blobs: Any) -> tuple[SeriesRef, ...]:
    """The series of a study in the order in which they came."""
    rows = connection.execute(
        "SELECT series_uid, ours, header, blob FROM instance "
        "WHERE study_pk = (SELECT pk FROM study WHERE uid = ?) ORDER BY pk",
        (study_uid,),
    )
    grouped: dict[tuple[str, bool], list[InstanceRef]] = {}
    for series_uid, ours, header, blob in rows:
        parsed = from_json(InstanceHeader, orjson.loads(header))
        path: Path = blobs.path(blob)
        grouped.setdefault((series_uid, bool(ours)), []).append(InstanceRef(parsed, str(path)))
    return tuple(
        SeriesRef(
            series_uid=series_uid,
            modality=members[0].header.modality,
            number=members[0].header.series_number,
            description=members[0].header.series_description,
            instances=tuple(members),
            ours=ours,
        )
        for (series_uid, ours), members in grouped.items()
    )
