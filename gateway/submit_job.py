"""The job that brings one approved Claim to its payer exactly once, whatever breaks on the way.

Before a byte leaves, the attempt and what is sent are durable. An attempt whose end is not known, be it a
time limit, a broken connection, an answer that is none or the death of this process, is never repeated
before the payer was asked and has said, after it had time to settle, that it does not know the Claim.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.payer.backoff import backoff_s
from adapters.payer.client import AMBIGUOUS, REFUSED, THROTTLED, UNSENT, Reply
from adapters.store import Job, Store, Transaction
from gateway.follow_up import follow_up, issue_reasons, no_longer
from gateway.payer_exchange import (
    ACCEPTED,
    ANSWERED,
    UNCLEAR,
    UNKNOWN,
    UNSUPPORTED,
    Meaning,
    inquire,
    send_claim,
)
from gateway.payer_record import keep_reply, keep_request, kept_request, request_id, write_answer
from gateway.payers import Connection, Payers
from gateway.submission import PAYER_LANE, claim_of, key_of, standing, version_of
from profiles.builders.claim_bundle import build_request
from profiles.exact_json import dumps_exact
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.task import INQUIRE, input_of, item, moved, new_task
from profiles.uids import derived_id

log = logging.getLogger("isthmus.payer")

LEASE_S: Final = 60.0
STALE_S: Final = 10.0
"""An attempt that was noted longer ago than this is not begun any more: the lease may be another's."""

TELL_AFTER: Final = 6
"""Attempts or inquiries in vain after which a person is told; the job goes on."""

STATE_OF: Final = {
    "pended": "pended",
    "denied": "denied",
    "partly-denied": "denied",
    "error": "payer-refused",
    "answered": "answered",
}


@dataclass(frozen=True, slots=True)
class Waits:
    """First waits of what is tried again; they double up to an hour.

    Parameters
    ----------
    retry_s : float
        After a payer could not be reached.
    poll_s : float
        Before a payer is asked about a pended Claim.
    """

    retry_s: float = 2.0
    poll_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Submission:
    """What one run of the job works on."""

    job: Job
    claim: dict[str, Any]
    key: str
    connection: Connection

    def know(self, task: Mapping[str, Any]) -> None:
        """Take over what was noted: whoever ends the job, the lane too, ends it with this Task."""
        self.job.task.clear()
        self.job.task.update(task)

    @property
    def claim_id(self) -> str:
        """Logical id of the Claim."""
        return str(self.claim["id"])


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
            self._later(job, wait, "the payer is left alone for a while after repeated failures")
            return
        submission = Submission(job, claim, key_of(job.task), connection)
        if standing(job.task) == "ask":
            self._ask(submission)
        else:
            self._send(submission)

    def _send(self, submission: Submission) -> None:
        """Note the attempt, send, note how it ended."""
        request, body = self._request(submission)
        noted = time.monotonic()
        task = self._store.transact(lambda tx: self._begin(tx, submission, body))
        if task is None:
            return
        submission.know(task)
        log.info("claim.sending", extra={"task": submission.job.task_id})
        if time.monotonic() - noted > STALE_S:
            meaning = Meaning(UNSENT, Reply(UNSENT, "the attempt was begun too late"))
        else:
            client = submission.connection.client
            meaning = send_claim(client, request, body, submission.key)
        judge_health(submission.connection, meaning)
        log.info(
            "claim.sent",
            extra={
                "task": submission.job.task_id,
                "end": meaning.kind,
                "status": meaning.reply.status,
            },
        )
        self._store.transact(lambda tx: self._attempt_ended(tx, submission, request, meaning))

    def _request(self, submission: Submission) -> tuple[dict[str, Any], bytes]:
        """What is sent: the same bytes at every attempt, so that a payer sees one request."""
        stored = self._store.current("Binary", request_id(submission.key))
        if stored is not None and not stored.deleted:
            return kept_request(stored.json())
        task = submission.job.task
        request = build_request(
            submission.claim,
            self._payers.read,
            self._store.secret,
            submission.key,
            datetime.fromisoformat(task["authoredOn"]),
            documents=submission.connection.payer.documents,
        )
        return request, dumps_exact(request)

    def _begin(self, tx: Transaction, submission: Submission, body: bytes) -> dict[str, Any] | None:
        """Make an attempt durable; None when the Claim has changed meanwhile and is not sent."""
        job = submission.job
        if not tx.heartbeat(job, LEASE_S):
            raise OperationOutcomeError("conflict", "the lease of this job was lost")
        current = tx.current("Claim", submission.claim_id)
        if current is None or current.deleted or str(current.version) != version_of(job.task):
            tx.finish(job, moved(job.task, "cancelled", "superseded", tx.moment))
            return None
        kept = keep_request(tx, submission.key, submission.claim_id, body)
        known = {o["type"]["text"] for o in job.task.get("output", ())}
        outputs = (
            () if "request" in known else (item("request", valueReference={"reference": kept}),)
        )
        task = moved(
            job.task,
            "in-progress",
            "sending",
            tx.moment,
            outputs=(*outputs, item("attempt", valueInstant=instant(tx.moment))),
        )
        tx.put(task)
        return task

    def _attempt_ended(
        self,
        tx: Transaction,
        submission: Submission,
        request: Mapping[str, Any],
        meaning: Meaning,
    ) -> None:
        job = submission.job
        kept = keep_reply(tx, submission.key, submission.claim_id, meaning.reply)
        ended = (item("attempt-ended", valueCode=meaning.kind), *kept)
        if meaning.kind in (ANSWERED, ACCEPTED):
            self._taken(tx, submission, request, meaning, ended)
        elif meaning.kind == REFUSED:
            self._refused(tx, submission, meaning, ended)
        else:
            state = "retrying" if meaning.kind in (UNSENT, THROTTLED) else "ambiguous"
            self._put_back(tx, job, meaning, state, ended)

    def _taken(
        self,
        tx: Transaction,
        submission: Submission,
        request: Mapping[str, Any],
        meaning: Meaning,
        outputs: tuple[dict[str, Any], ...],
    ) -> None:
        """The payer has the Claim: its answer is written, and it is asked again while it is pended."""
        job, state = submission.job, "pended"
        no_longer(tx, job.task, "unreachable")
        if meaning.answer is not None:
            said, response = write_answer(
                tx, job.task, submission.claim, submission.key, request, meaning
            )
            outputs = (*outputs, item("response", valueReference={"reference": response}))
            state = STATE_OF[said]
        tx.finish(job, moved(job.task, "completed", state, tx.moment, outputs=outputs))
        if state == "pended":
            self._poll(tx, submission)

    def _poll(self, tx: Transaction, submission: Submission) -> None:
        job = submission.job
        task = new_task(
            derived_id("inquire", submission.key),
            INQUIRE,
            f"Claim/{submission.claim_id}",
            tx.moment,
            patient=job.task.get("for", {}).get("reference"),
            inputs=(
                *input_of(job.task, "idempotency-key"),
                *input_of(job.task, "version"),
                item("submission", valueReference={"reference": f"Task/{job.task_id}"}),
            ),
        )
        due = tx.moment + timedelta(seconds=self._waits.poll_s)
        tx.enqueue(task, lane=PAYER_LANE, ready_at=due, key=f"inquire:{submission.key}")

    def _refused(
        self,
        tx: Transaction,
        submission: Submission,
        meaning: Meaning,
        outputs: tuple[dict[str, Any], ...],
    ) -> None:
        job, why = submission.job, meaning.reply.why
        follow_up(
            tx,
            job.task,
            "refused",
            f"Claim/{submission.claim_id}",
            issue_reasons(meaning.outcome),
            why,
        )
        ended = moved(job.task, "failed", "payer-refused", tx.moment, outputs=outputs, reason=why)
        tx.finish(job, ended)

    def _ask(self, submission: Submission) -> None:
        """Ask whether the payer has a Claim that may have arrived; only then go on."""
        stored = self._store.read("Binary", request_id(submission.key))
        request, _ = kept_request(stored.json())
        meaning = inquire(submission.connection.client, request)
        judge_health(submission.connection, meaning)
        log.info("claim.inquired", extra={"task": submission.job.task_id, "end": meaning.kind})
        if meaning.kind == UNSUPPORTED and submission.connection.payer.honours_key:
            meaning = Meaning(UNKNOWN, meaning.reply)
        task = self._store.transact(lambda tx: self._inquired(tx, submission, request, meaning))
        if task is not None:
            submission.know(task)
            self._send(submission)

    def _inquired(
        self,
        tx: Transaction,
        submission: Submission,
        request: Mapping[str, Any],
        meaning: Meaning,
    ) -> dict[str, Any] | None:
        """Write what an inquiry has come to; the Task when the Claim is to be sent now."""
        kept = keep_reply(tx, submission.key, submission.claim_id, meaning.reply)
        job = submission.job
        if meaning.kind in (ANSWERED, ACCEPTED):
            self._taken(tx, submission, request, meaning, kept)
        elif meaning.kind in (UNCLEAR, UNSUPPORTED):
            self._end_unclear(tx, submission, kept)
        elif meaning.kind != UNKNOWN:
            self._put_back(tx, job, meaning, "ambiguous", kept)
        elif tx.moment < self._settled(submission):
            after = moved(job.task, "requested", "ambiguous", tx.moment, outputs=kept)
            tx.retry(job, after, self._settled(submission))
        else:
            return self._may_send(tx, submission, kept)
        return None

    def _settled(self, submission: Submission) -> datetime:
        """When the payer is no longer busy with the last attempt."""
        attempts = [
            output["valueInstant"]
            for output in submission.job.task.get("output", ())
            if output["type"]["text"] == "attempt"
        ]
        begun = attempts[-1] if attempts else submission.job.task["authoredOn"]
        settle = timedelta(seconds=submission.connection.payer.settle_s)
        return datetime.fromisoformat(begun) + settle

    def _may_send(
        self, tx: Transaction, submission: Submission, kept: tuple[dict[str, Any], ...]
    ) -> dict[str, Any]:
        if not tx.heartbeat(submission.job, LEASE_S):
            raise OperationOutcomeError("conflict", "the lease of this job was lost")
        said = item("inquired", valueCode=UNKNOWN)
        task = moved(
            submission.job.task, "in-progress", "running", tx.moment, outputs=(*kept, said)
        )
        tx.put(task)
        return task

    def _end_unclear(
        self, tx: Transaction, submission: Submission, outputs: tuple[dict[str, Any], ...]
    ) -> None:
        text = "the payer does not say; $submit with resend=true sends it again"
        follow_up(tx, submission.job.task, "unclear", f"Claim/{submission.claim_id}", text=text)
        task = submission.job.task
        ended = moved(task, "failed", "awaiting-person", tx.moment, outputs=outputs, reason=text)
        tx.finish(submission.job, ended)

    def _put_back(
        self,
        tx: Transaction,
        job: Job,
        meaning: Meaning,
        state: str,
        outputs: tuple[dict[str, Any], ...],
    ) -> None:
        """Try again later; a person is told when it has failed often."""
        if job.attempts >= TELL_AFTER:
            follow_up(tx, job.task, "unreachable", job.task["focus"]["reference"])
        wait = backoff_s(job.attempts, meaning.reply.wait_s, first_s=self._waits.retry_s)
        reason = meaning.reply.why
        after = moved(job.task, "requested", state, tx.moment, outputs=outputs, reason=reason)
        tx.retry(job, after, tx.moment + timedelta(seconds=wait))

    def _later(self, job: Job, wait: float, reason: str) -> None:
        def put_back(tx: Transaction) -> None:
            state = "ambiguous" if standing(job.task) == "ask" else "retrying"
            after = moved(job.task, "requested", state, tx.moment, reason=reason)
            tx.retry(job, after, tx.moment + timedelta(seconds=wait))

        self._store.transact(put_back)

    def _give_up(self, job: Job, reason: str) -> None:
        """A person has to put something right here before the Claim can go out."""

        def end(tx: Transaction) -> None:
            follow_up(tx, job.task, "not-sent", job.task["focus"]["reference"], text=reason)
            tx.finish(job, moved(job.task, "failed", "awaiting-person", tx.moment, reason=reason))

        self._store.transact(end)


def judge_health(connection: Connection, meaning: Meaning) -> None:
    """Tell the breaker: a payer that answers sensibly, whatever it says, is there."""
    status = meaning.reply.status
    bad = meaning.kind in (UNSENT, AMBIGUOUS) or status >= 500
    if bad and status not in (408, 409, 412, 429):
        connection.breaker.failed()
    else:
        connection.breaker.succeeded()
