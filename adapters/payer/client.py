"""One exchange with a payer over HTTP, and what its end means for a Claim: nothing is tried again here.

The Task is what is tried again. What matters of an end is whether the payer may have got the request:
``unsent`` (no connection), ``throttled`` (429, 503: it was not looked at), ``refused`` (it was looked at and
not taken), ``ambiguous`` (cut off, 500, 502, 504, a time limit), ``received`` (2xx with a body to judge).
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from adapters.payer.backoff import retry_after_s
from adapters.payer.payers import Payer
from adapters.payer.token import TokenSource
from profiles.outcome import OperationOutcomeError

UNSENT: Final = "unsent"
THROTTLED: Final = "throttled"
REFUSED: Final = "refused"
AMBIGUOUS: Final = "ambiguous"
RECEIVED: Final = "received"

LARGEST_ANSWER: Final = 8_000_000
FHIR_JSON: Final = "application/fhir+json"
_NOT_LOOKED_AT: Final = frozenset({425, 429, 503})
_MAYBE_DONE: Final = frozenset({408, 409, 412, 500, 502, 504})
"""409 and 412 may say that the payer has it already (R4 http.html#cond-update)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How an exchange ended.

    Parameters
    ----------
    kind : str
        ``unsent``, ``throttled``, ``refused``, ``ambiguous`` or ``received``.
    why : str
        For people, without anything that was sent.
    status : int
        Zero where there is no answer.
    media, body, location : str, bytes, str
        Of the answer; the body may be cut off at the limit.
    wait_s : float
        What ``Retry-After`` asks for.
    """

    kind: str
    why: str
    status: int = 0
    media: str = ""
    body: bytes = b""
    location: str = ""
    wait_s: float = 0.0


class PayerClient:
    """Talks to one payer; threads share it.

    Parameters
    ----------
    payer : Payer
        Whom, how long, and with which certificates.
    """

    def __init__(self, payer: Payer) -> None:
        self.payer = payer
        try:
            self._verify = ssl.create_default_context(cafile=payer.ca_file or None)
        except OSError as error:
            raise OperationOutcomeError(
                "value",
                f"the certificates in ca_file cannot be used: {type(error).__name__}",
                "payers",
            ) from None
        self._tokens = None if payer.token is None else TokenSource(payer.token, self._post_form)

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request; a token that is refused is fetched once more."""
        try:
            reply = self._authorized(method, path, body, headers or {})
            if reply.status == 401 and self._tokens is not None:
                self._tokens.forget()
                reply = self._authorized(method, path, body, headers or {})
        except OperationOutcomeError as error:  # no token: nothing was sent
            return Reply(UNSENT, error.diagnostics)
        except httpx.HTTPError:
            return Reply(UNSENT, "the payer's token server cannot be reached")
        return reply

    def _authorized(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        given = {"Accept": FHIR_JSON, "Accept-Encoding": "identity", **headers}
        if body:
            given["Content-Type"] = FHIR_JSON
        if self._tokens is not None:
            given["Authorization"] = f"Bearer {self._tokens.token()}"
        return self._sent(method, f"{self.payer.address}/{path}", body, given)

    def _sent(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            with (
                self._client() as client,
                client.stream(method, url, content=body or None, headers=headers) as answer,
            ):
                return _reply(answer, self._read(answer))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol):
            return Reply(UNSENT, "the payer cannot be reached")
        except httpx.TimeoutException:
            return Reply(AMBIGUOUS, f"no answer from the payer within {self.payer.timeout_s:g} s")
        except _TooLargeError:
            return Reply(AMBIGUOUS, "the payer's answer is too large")
        except httpx.HTTPError:
            return Reply(AMBIGUOUS, "the connection to the payer broke off")

    def _client(self) -> httpx.Client:
        # A fresh connection each time: one that was kept may be closed already, which cannot be told
        # from a request that was lost. Neither proxies of the environment nor redirects are followed.
        return httpx.Client(
            verify=self._verify,
            timeout=self.payer.timeout_s,
            trust_env=False,
            follow_redirects=False,
        )

    def _read(self, answer: httpx.Response) -> bytes:
        """The body, within the time and the size that one exchange may have."""
        deadline = time.monotonic() + self.payer.timeout_s
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise _TooLargeError
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer goes on too long")
        return bytes(body)

    def _post_form(self, url: str, form: dict[str, str]) -> tuple[int, bytes]:
        with self._client() as client:
            answer = client.post(url, data=form, headers={"Accept": "application/json"})
            return answer.status_code, answer.content


class _TooLargeError(Exception):
    """An answer beyond the limit."""


def _reply(answer: httpx.Response, body: bytes) -> Reply:
    status = answer.status_code
    return Reply(
        _kind(status),
        f"the payer answered {status}",
        status,
        answer.headers.get("content-type", ""),
        body,
        answer.headers.get("location", ""),
        retry_after_s(answer.headers.get("retry-after", "")),
    )


def _kind(status: int) -> str:
    if 200 <= status < 300:
        return RECEIVED
    if status in _NOT_LOOKED_AT:
        return THROTTLED
    if status in _MAYBE_DONE or status > 504:
        return AMBIGUOUS
    return REFUSED
