"""The handler of an ``analyze`` job: study in, findings out, result written."""

from collections.abc import Callable
from typing import Any

from adapters.store import Job, Store
from gateway.intake import dicom_uid_of
from gateway.write_back import write_findings
from ml.worker import Worker
from profiles.records import StudyRef


class Analysis:
    """One AI worker with its loaded model.

    Parameters
    ----------
    store : Store
        The archive and the record.
    worker : Worker
        Its ``SPEC.given`` is ``StudyRef``.
    model : object
        What the worker's ``load`` returned.
    progress : callable
        Called as ``progress(done, total, unit)`` while the worker runs.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        model: Any,
        progress: Callable[[int, int, str], None] = lambda done, total, unit: None,
    ) -> None:
        self._store = store
        self._worker = worker
        self._model = model
        self._progress = progress

    def __call__(self, job: Job) -> None:
        """Analyse the study of a job and write the result back."""
        study = self._study(job)
        findings = self._worker.run(self._model, study, self._progress)
        write_findings(self._store, job, study, findings)

    def _study(self, job: Job) -> StudyRef:
        kind, _, study_id = job.task["focus"]["reference"].partition("/")
        return self._store.study_ref(dicom_uid_of(self._store.read(kind, study_id).json()))
