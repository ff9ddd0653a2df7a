"""The job that asks a payer what became of a Claim which it has pended, until it says.

PAS 2.2.1 lets a client be told by a subscription instead; a payer that offers none is asked, ever more
seldom. A person has a Task meanwhile, which is closed by the answer.
"""

import logging
from datetime import timedelta
from typing import Any, Final

from adapters.payer.backoff import LONGEST_S, backoff_s
from adapters.store import Job, Store, Transaction
from gateway.follow_up import follow_up
from gateway.payer_exchange import ACCEPTED, ANSWERED, Meaning, inquire
from gateway.payer_record import keep_reply, kept_request, request_id, write_answer
from gateway.payers import Payers
from gateway.submission import claim_of, key_of
from gateway.submission_end import STATE_OF, TELL_AFTER, Waits, judge_health
from profiles.outcome import OperationOutcomeError
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
        try:
            self._ask(job)
        except OperationOutcomeError as error:
            if error.kind_name == "conflict" or error.kind.http >= 500:
                raise
            # The payer is not known any more, or its request was deleted: a person can mend that.
            why = error.diagnostics
            self._store.transact(lambda tx: self._again(tx, job, LONGEST_S, (), tell=why))

    def _ask(self, job: Job) -> None:
        claim = claim_of(self._store, job.task)
        connection = self._payers.of_claim(claim)
        wait = connection.breaker.wait_s()
        if wait:
            self._store.transact(lambda tx: self._again(tx, job, wait, ()))
            return
        stored = self._store.read("Binary", request_id(key_of(job.task)))
        request = kept_request(stored.json())
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
        submission = _submission(tx, job)
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
        wait = backoff_s(job.attempts, meaning.reply.wait_s, first_s=self._waits.poll_s)
        silent = job.attempts >= TELL_AFTER and meaning.kind not in (ANSWERED, ACCEPTED)
        self._again(tx, job, wait, outputs, tell=meaning.reply.why if silent else "")

    def _again(
        self,
        tx: Transaction,
        job: Job,
        wait: float,
        outputs: tuple[dict[str, Any], ...],
        *,
        tell: str = "",
    ) -> None:
        if tell:
            focus = job.task["focus"]["reference"]
            follow_up(tx, _submission(tx, job), "silent", focus, text=tell)
        after = moved(job.task, "requested", PENDED, tx.moment, outputs=outputs)
        tx.retry(job, after, tx.moment + timedelta(seconds=wait))


def _submission(tx: Transaction, job: Job) -> dict[str, Any]:
    reference = input_of(job.task, "submission")[0]["valueReference"]["reference"]
    return tx.require(*reference.split("/")).json()


def _is_pended(meaning: Meaning) -> bool:
    return meaning.answer is not None and verdict(meaning.answer.response) == PENDED
