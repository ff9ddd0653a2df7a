"""The job that brings one approved Claim to its payer exactly once, whatever breaks on the way.

Before a byte leaves, the attempt and what is sent are durable. An attempt whose end is not known, be it a
time limit, a broken connection, an answer that is none or the death of this process, is never repeated
before the payer was asked and has said, after it had time to settle, that it does not know the Claim.
"""

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.payer.client import REFUSED, THROTTLED, UNSENT, Reply
from adapters.store import Job, Store, Transaction
from gateway.claim_approval import require_approved
from gateway.follow_up import follow_up
from gateway.payer_exchange import (
    ACCEPTED,
    ANSWERED,
    UNCLEAR,
    UNKNOWN,
    UNSUPPORTED,
    Meaning,
    inquire,
    send_claim,
    wire_body,
)
from gateway.payer_record import keep_reply, keep_request, kept_request, request_id
from gateway.payers import Payers
from gateway.submission import claim_of, key_of, standing, version_of
from gateway.submission_end import (
    Submission,
    Waits,
    judge_health,
    put_back,
    refused,
    require_lease,
    taken,
    unclear,
)
from profiles.builders.claim_bundle import build_request
from profiles.exact_json import dumps_exact
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.task import item, moved

log = logging.getLogger("isthmus.payer")

STALE_S: Final = 10.0
"""An attempt that was noted longer ago than this is not begun any more: the lease may be another's."""


class Submit:
    """The handler of a ``submit`` job.

    Parameters
    ----------
    store : Store
        The record.
    payers : Payers
        Who may be sent what.
    waits : Waits
        How soon things are tried again.
    """

    def __init__(self, store: Store, payers: Payers, waits: Waits) -> None:
        self._store = store
        self._payers = payers
        self._waits = waits

    def __call__(self, job: Job) -> None:
        """Take the next step of a submission; it ends, or is due again."""
        try:
            self._step(job)
        except OperationOutcomeError as error:
            if error.kind_name == "conflict" or error.kind.http >= 500:
                raise  # the lease is another's, or the store is away: the job is claimed again
            self._give_up(job, error.diagnostics)

    def _step(self, job: Job) -> None:
        claim = claim_of(self._store, job.task)
        connection = self._payers.of_claim(claim)
        wait = connection.breaker.wait_s()
        if wait:
            self._later(job, wait)
            return
        run = Submission(job, claim, key_of(job.task), connection, self._waits)
        if standing(job.task) == "ask":
            self._ask(run)
        else:
            self._send(run)

    def _send(self, run: Submission) -> None:
        """Note the attempt, send, note how it ended."""
        request = self._request(run)
        body = wire_body(run.connection.payer, request)
        noted = time.monotonic()
        task = self._store.transact(lambda tx: _begin(tx, run, request))
        if task is None:
            return
        run.know(task)
        log.info("claim.sending", extra={"task": run.job.task_id})
        if time.monotonic() - noted > STALE_S:
            meaning = Meaning(UNSENT, Reply(UNSENT, "the attempt was begun too late"))
        else:
            meaning = send_claim(run.connection.client, request, body, run.key)
        judge_health(run.connection, meaning)
        status = meaning.reply.status
        log.info(
            "claim.sent",
            extra={"task": run.job.task_id, "end": meaning.kind, "status": status},
        )
        self._store.transact(lambda tx: _attempt_ended(tx, run, request, meaning))

    def _request(self, run: Submission) -> dict[str, Any]:
        """What is sent: the same at every attempt, so that a payer sees one request."""
        stored = self._store.current("Binary", request_id(run.key))
        if stored is not None and not stored.deleted:
            return kept_request(stored.json())
        return build_request(
            run.claim,
            self._payers.read,
            self._store.secret,
            run.key,
            datetime.fromisoformat(run.task["authoredOn"]),
            documents=run.connection.payer.documents,
        )

    def _ask(self, run: Submission) -> None:
        """Ask whether the payer has a Claim that may have arrived; only then go on."""
        request = kept_request(self._store.read("Binary", request_id(run.key)).json())
        meaning = inquire(run.connection.client, request)
        judge_health(run.connection, meaning)
        log.info("claim.inquired", extra={"task": run.job.task_id, "end": meaning.kind})
        if meaning.kind == UNSUPPORTED and run.connection.payer.honours_key:
            meaning = Meaning(UNKNOWN, meaning.reply)
        task = self._store.transact(lambda tx: _inquired(tx, run, request, meaning))
        if task is not None:
            run.know(task)
            self._send(run)

    def _later(self, job: Job, wait: float) -> None:
        def write(tx: Transaction) -> None:
            state = "ambiguous" if standing(job.task) == "ask" else "retrying"
            why = "the payer is left alone for a while after repeated failures"
            after = moved(job.task, "requested", state, tx.moment, reason=why)
            tx.retry(job, after, tx.moment + timedelta(seconds=wait))

        self._store.transact(write)

    def _give_up(self, job: Job, reason: str) -> None:
        """A person has to put something right here before the Claim can go out."""

        def end(tx: Transaction) -> None:
            follow_up(tx, job.task, "not-sent", job.task["focus"]["reference"], text=reason)
            tx.finish(job, moved(job.task, "failed", "awaiting-person", tx.moment, reason=reason))

        self._store.transact(end)


def _begin(tx: Transaction, run: Submission, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Make an attempt durable; None when the Claim has changed meanwhile and is not sent."""
    require_lease(tx, run.job)
    current = tx.current("Claim", run.claim_id)
    if current is None or current.deleted or str(current.version) != version_of(run.task):
        tx.finish(run.job, moved(run.task, "cancelled", "superseded", tx.moment))
        return None
    # A review that was opened since the approval holds it back.
    require_approved(tx, current.json())
    kept = keep_request(tx, run.key, run.claim_id, dumps_exact(request))
    outputs = [item("attempt", valueInstant=instant(tx.moment))]
    if not any(output["type"]["text"] == "request" for output in run.task.get("output", ())):
        outputs.insert(0, item("request", valueReference={"reference": kept}))
    task = moved(run.task, "in-progress", "sending", tx.moment, outputs=tuple(outputs))
    tx.put(task)
    return task


def _attempt_ended(
    tx: Transaction, run: Submission, request: Mapping[str, Any], meaning: Meaning
) -> None:
    kept = keep_reply(tx, run.key, run.claim_id, meaning.reply)
    ended = (item("attempt-ended", valueCode=meaning.kind), *kept)
    if meaning.kind in (ANSWERED, ACCEPTED):
        taken(tx, run, request, meaning, ended)
    elif meaning.kind == REFUSED:
        refused(tx, run, meaning, ended)
    else:
        state = "retrying" if meaning.kind in (UNSENT, THROTTLED) else "ambiguous"
        put_back(tx, run, meaning, state, ended)


def _inquired(
    tx: Transaction, run: Submission, request: Mapping[str, Any], meaning: Meaning
) -> dict[str, Any] | None:
    """Write what an inquiry has come to; the Task when the Claim is to be sent now."""
    kept = keep_reply(tx, run.key, run.claim_id, meaning.reply)
    if meaning.kind in (ANSWERED, ACCEPTED):
        taken(tx, run, request, meaning, kept)
    elif meaning.kind in (UNCLEAR, UNSUPPORTED):
        unclear(tx, run, kept)
    elif meaning.kind != UNKNOWN:
        put_back(tx, run, meaning, "ambiguous", kept)
    elif tx.moment < _settled(run):
        after = moved(run.task, "requested", "ambiguous", tx.moment, outputs=kept)
        tx.retry(run.job, after, _settled(run))
    else:
        require_lease(tx, run.job)
        said = (*kept, item("inquired", valueCode=UNKNOWN))
        task = moved(run.task, "in-progress", "running", tx.moment, outputs=said)
        tx.put(task)
        return task
    return None


def _settled(run: Submission) -> datetime:
    """When the payer is no longer busy with the last attempt."""
    attempts = [
        output["valueInstant"]
        for output in run.task.get("output", ())
        if output["type"]["text"] == "attempt"
    ]
    begun = attempts[-1] if attempts else run.task["authoredOn"]
    return datetime.fromisoformat(begun) + timedelta(seconds=run.connection.payer.settle_s)
