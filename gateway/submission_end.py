"""How one run of a submission ends, each in one transaction: taken, refused, unclear, or due again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from adapters.payer.backoff import backoff_s
from adapters.payer.client import AMBIGUOUS, UNSENT
from adapters.store import Job, Transaction
from gateway.follow_up import follow_up, issue_reasons, no_longer
from gateway.payer_exchange import Meaning
from gateway.payer_record import write_answer
from gateway.payers import Connection
from gateway.submission import PAYER_LANE, submissions
from profiles.outcome import OperationOutcomeError
from profiles.task import INQUIRE, input_of, item, moved, new_task
from profiles.uids import derived_id

LEASE_S: Final = 60.0
TELL_AFTER: Final = 6
"""Attempts or inquiries in vain after which a person is told; the job goes on."""

STATE_OF: Final = {
    "pended": "pended",
    "denied": "denied",
    "partly-denied": "denied",
    "error": "payer-refused",
    "answered": "answered",
}
"""State of a Task by the verdict of the answer."""

_SETTLED: Final = ("unreachable", "unclear", "not-sent", "refused")
"""What a payer's taking of the Claim settles."""

Outputs = tuple[dict[str, Any], ...]


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
    waits: Waits

    def know(self, task: Mapping[str, Any]) -> None:
        """Take over what was noted: whoever ends the job, the lane too, ends it with this Task."""
        self.job.task.clear()
        self.job.task.update(task)

    @property
    def task(self) -> dict[str, Any]:
        """The Task as it was noted last."""
        return self.job.task

    @property
    def claim_id(self) -> str:
        """Logical id of the Claim."""
        return str(self.claim["id"])

    @property
    def focus(self) -> str:
        """Reference of the Claim."""
        return f"Claim/{self.claim_id}"


def require_lease(tx: Transaction, job: Job) -> None:
    """Go on only while the job is ours (``conflict`` otherwise)."""
    if not tx.heartbeat(job, LEASE_S):
        raise OperationOutcomeError("conflict", "the lease of this job was lost")


def taken(
    tx: Transaction,
    run: Submission,
    request: Mapping[str, Any],
    meaning: Meaning,
    outputs: Outputs,
) -> None:
    """The payer has the Claim: its answer is written, and it is asked again while it is pended."""
    state = "pended"
    for earlier in submissions(tx, run.claim_id):
        no_longer(tx, earlier, *_SETTLED)
    if meaning.answer is not None:
        said, response = write_answer(tx, run.task, run.claim, run.key, request, meaning)
        outputs = (*outputs, item("response", valueReference={"reference": response}))
        state = STATE_OF[said]
    tx.finish(run.job, moved(run.task, "completed", state, tx.moment, outputs=outputs))
    if state == "pended":
        _poll(tx, run)


def _poll(tx: Transaction, run: Submission) -> None:
    task = new_task(
        derived_id("inquire", run.key),
        INQUIRE,
        run.focus,
        tx.moment,
        patient=run.task.get("for", {}).get("reference"),
        inputs=(
            *input_of(run.task, "idempotency-key"),
            *input_of(run.task, "version"),
            item("submission", valueReference={"reference": f"Task/{run.job.task_id}"}),
        ),
    )
    due = tx.moment + timedelta(seconds=run.waits.poll_s)
    tx.enqueue(task, lane=PAYER_LANE, ready_at=due, key=f"inquire:{run.key}")


def refused(tx: Transaction, run: Submission, meaning: Meaning, outputs: Outputs) -> None:
    """The payer has looked at the Claim and not taken it: a person has to put something right."""
    why = meaning.reply.why
    follow_up(tx, run.task, "refused", run.focus, issue_reasons(meaning.outcome), why)
    ended = moved(run.task, "failed", "payer-refused", tx.moment, outputs=outputs, reason=why)
    tx.finish(run.job, ended)


def unclear(tx: Transaction, run: Submission, outputs: Outputs) -> None:
    """Nobody can say whether the payer has the Claim: a person has to find out."""
    text = "the payer does not say; $submit with resend=true sends it again"
    follow_up(tx, run.task, "unclear", run.focus, text=text)
    ended = moved(run.task, "failed", "awaiting-person", tx.moment, outputs=outputs, reason=text)
    tx.finish(run.job, ended)


def put_back(
    tx: Transaction, run: Submission, meaning: Meaning, state: str, outputs: Outputs
) -> None:
    """Try again later; a person is told when it has failed often."""
    job, why = run.job, meaning.reply.why
    if job.attempts >= TELL_AFTER:
        follow_up(tx, run.task, "unreachable", run.focus)
    wait = backoff_s(job.attempts, meaning.reply.wait_s, first_s=run.waits.retry_s)
    after = moved(run.task, "requested", state, tx.moment, outputs=outputs, reason=why)
    tx.retry(job, after, tx.moment + timedelta(seconds=wait))


def judge_health(connection: Connection, meaning: Meaning) -> None:
    """Tell the breaker: a payer that answers sensibly, whatever it says, is there."""
    status = meaning.reply.status
    bad = meaning.kind in (UNSENT, AMBIGUOUS) or status >= 500
    if bad and status not in (408, 409, 412, 429):
        connection.breaker.failed()
    else:
        connection.breaker.succeeded()
