"""The job that asks a payer what became of a Claim which it has pended, until it says.

PAS 2.2.1 lets a client be told by a subscription instead; a payer that offers none is asked, ever more
seldom. A person has a Task meanwhile, which is closed by the answer.
"""

import logging
from datetime import timedelta
from typing import Any, Final

from adapters.payer.backoff import backoff_s
from adapters.store import Job, Store, Transaction
from gateway.follow_up import follow_up
from gateway.payer_exchange import ACCEPTED, ANSWERED, Meaning, inquire
from gateway.payer_record import keep_reply, kept_request, request_id, write_answer
from gateway.payers import Payers
from gateway.submission import claim_of, key_of
from gateway.submit_job import STATE_OF, TELL_AFTER, Waits, judge_health
from profiles.payer_answer import verdict
from profiles.task import input_of, item, moved

log = logging.getLogger("isthmus.payer")

PENDED: Final = "pended"


class Inquire:
    """The handler of an ``inquire`` job.

    Parameters
    ----------
    store : Store
        The record.
    payers : Payers
        Who may be asked.
    waits : Waits
        How soon it asks again.
    """

    def __init__(self, store: Store, payers: Payers, waits: Waits) -> None:
        self._store = store
        self._payers = payers
        self._waits = waits

    def __call__(self, job: Job) -> None:
        """Ask once; the job ends with a final answer, or is due again."""
        claim = claim_of(self._store, job.task)
        connection = self._payers.of_claim(claim)
        wait = connection.breaker.wait_s()
        if wait:
            self._store.transact(lambda tx: self._again(tx, job, wait, ()))
            return
        stored = self._store.read("Binary", request_id(key_of(job.task)))
        request, _ = kept_request(stored.json())
        meaning = inquire(connection.client, request)
        judge_health(connection, meaning)
        log.info("claim.inquired", extra={"task": job.task_id, "end": meaning.kind})
        self._store.transact(lambda tx: self._said(tx, job, claim, request, meaning))

    def _said(
        self,
        tx: Transaction,
        job: Job,
        claim: dict[str, Any],
        request: dict[str, Any],
        meaning: Meaning,
    ) -> None:
        key = key_of(job.task)
        submission_id = input_of(job.task, "submission")[0]["valueReference"]["reference"]
        submission = tx.require(*submission_id.split("/")).json()
        outputs: tuple[dict[str, Any], ...] = ()
        if meaning.kind != ACCEPTED and not _is_pended(meaning):
            # That it is still pended was kept the first time.
            outputs = keep_reply(tx, key, str(claim["id"]), meaning.reply)
        if meaning.kind == ANSWERED:
            said, response = write_answer(tx, submission, claim, key, request, meaning)
            if said != PENDED:
                outputs = (*outputs, item("response", valueReference={"reference": response}))
                state = STATE_OF[said]
                tx.finish(job, moved(job.task, "completed", state, tx.moment, outputs=outputs))
                return
        if job.attempts >= TELL_AFTER and meaning.kind not in (ANSWERED, ACCEPTED):
            follow_up(tx, submission, "unclear", f"Claim/{claim['id']}")
        wait = backoff_s(job.attempts, meaning.reply.wait_s, first_s=self._waits.poll_s)
        self._again(tx, job, wait, outputs)

    def _again(
        self, tx: Transaction, job: Job, wait: float, outputs: tuple[dict[str, Any], ...]
    ) -> None:
        after = moved(job.task, "requested", PENDED, tx.moment, outputs=outputs)
        tx.retry(job, after, tx.moment + timedelta(seconds=wait))


def _is_pended(meaning: Meaning) -> bool:
    return meaning.answer is not None and verdict(meaning.answer.response) == PENDED
