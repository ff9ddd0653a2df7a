"""``isthmus payer``: a trial payer, a real HTTP server that validates what it gets and can misbehave.

Below ``/fhir`` it serves Da Vinci PAS (``Claim/$submit``, ``Claim/$inquire``) and plain FHIR, at ``/token`` a
token server, at ``/_payer`` what it has received and what it is to do next. For trials and tests only: it
forgets everything when it ends.
"""

import argparse
import hashlib
import json
import re
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from conformance.payer_rules import (
    benefit_of,
    claim_problems,
    collection,
    first_identifier,
    outcome_of,
    problems,
    response_of,
)
from conformance.payer_token import Tokens

Answer = tuple[int, dict[str, str], bytes]

JSON: Final = "application/fhir+json"
OUTCOMES: Final = frozenset({"complete", "queued", "denied", "partial", "error", "benefit"})
BEFORE: Final = frozenset(
    {
        *(
            "html",
            "500",
            "502",
            "503",
            "504",
            "429",
            "cut-before",
            "refuse",
            "redirect",
            "outcome-200",
        )
    }
)
"""Misbehaviour without having taken the Claim; every other one happens after it was taken."""


@dataclass
class Book:
    """What the payer knows and what it is to do: shared by its threads under one lock."""

    careless: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    claims: list[dict[str, str]] = field(default_factory=list)
    by_key: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    stored: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    todo: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    seen: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def next(self, operation: str) -> str:
        """What is to be done with the next request of an operation."""
        with self.lock:
            return self.todo[operation].popleft() if self.todo[operation] else ""

    def take(self, claim: dict[str, Any], url: str, key: str, outcome: str) -> dict[str, Any]:
        """Take a Claim and judge it; the ClaimResponse."""
        name = first_identifier(claim)
        with self.lock:
            self.claims.append({"identifier": name, "key": key})
            response = response_of(claim, url, outcome or "complete")
            self.stored[name] = (url, claim, response)
            return response

    def decide(self, name: str, outcome: str) -> None:
        """Decide a Claim that was queued."""
        with self.lock:
            url, claim, before = self.stored[name]
            after = {**response_of(claim, url, outcome), "id": before["id"]}
            self.stored[name] = (url, claim, after)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    book: Book
    tokens: Tokens | None = None

    def log_message(self, *arguments: object) -> None:
        """Say nothing: claims are patient data."""

    def do_GET(self) -> None:
        """Search, or what the payer knows."""
        path = urlsplit(self.path).path
        given = parse_qs(urlsplit(self.path).query)
        query = {name: [_plain(value) for value in values] for name, values in given.items()}
        if path == "/_payer":
            self._know()
        elif self._is_allowed():
            self.book.seen.append(f"GET {path}")
            self._finish(self._searched(path, query), self.book.next("search"))

    def do_POST(self) -> None:
        """An operation, a create, a token, or what is to be done next."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path == "/_payer":
            self._told(json.loads(body))
        elif path == "/token":
            self._token(body)
        elif self._is_allowed():
            self.book.seen.append(f"POST {path}")
            self._asked(path, body)

    def _asked(self, path: str, body: bytes) -> None:
        served = {
            "/fhir/Claim/$submit": ("submit", self._submitted),
            "/fhir/Claim/$inquire": ("inquire", self._inquired),
            "/fhir/Claim": ("submit", self._created),
        }.get(path)
        if served is None:
            self._finish(_json(404, outcome_of(["not served"], "not-supported")), "")
            return
        name, answer = served
        todo = self.book.next(name)
        if todo in BEFORE:
            self._finish(_json(200, {}), todo)
            return
        said = todo if todo in OUTCOMES else ""
        made = answer(json.loads(body), hashlib.sha256(body).hexdigest(), said)
        self._finish(made, todo)

    def _submitted(self, bundle: Any, digest: str, outcome: str) -> Answer:
        wrong = list(problems(bundle))
        if wrong:
            return _json(422, outcome_of(wrong))
        entry = bundle["entry"][0]
        key = self.headers.get("Idempotency-Key", "")
        before = self._before(key, digest)
        if before is not None:
            return before
        response = self.book.take(entry["resource"], entry["fullUrl"], key, outcome)
        url = f"urn:uuid:{response['id']}"
        answers = [(url, response)]
        if outcome == "benefit":
            answers.append(("urn:uuid:benefit", benefit_of(entry["resource"], response)))
        made = _json(200, collection("profile-pas-response-bundle", list(answers)))
        return self._remembered(key, digest, made)

    def _created(self, claim: Any, digest: str, outcome: str) -> Answer:
        wrong = list(claim_problems(claim))
        if wrong:
            return _json(422, outcome_of(wrong))
        name = first_identifier(claim)
        if self.headers.get("If-None-Exist") and name in self.book.stored:
            return _json(200, self.book.stored[name][1])
        key = self.headers.get("Idempotency-Key", "")
        before = self._before(key, digest)
        if before is not None:
            return before
        there = {**claim, "id": digest[:32]}
        self.book.take(there, f"Claim/{there['id']}", key, outcome)
        status, headers, content = _json(201, there)
        return self._remembered(key, digest, (status, {**headers, "Location": "Claim/x"}, content))

    def _before(self, key: str, digest: str) -> Answer | None:
        """The answer to a request that was made before with the same key."""
        known = None if self.book.careless else self.book.by_key.get(key)
        if known is None or not key:
            return None
        if known[0] != digest:
            return _json(422, outcome_of(["one Idempotency-Key, two requests"]))
        return known[1]

    def _remembered(self, key: str, digest: str, made: Answer) -> Answer:
        self.book.by_key[key] = (digest, made)
        return made

    def _inquired(self, bundle: Any, digest: str, outcome: str) -> Answer:
        del digest, outcome
        wrong = [text for text in problems(bundle) if "item" not in text]
        if wrong:
            return _json(422, outcome_of(wrong))
        with self.book.lock:
            found = self.book.stored.get(first_identifier(bundle["entry"][0]["resource"]))
        answers = [] if found is None else [(f"urn:uuid:{found[2]['id']}", found[2])]
        return _json(200, collection("profile-pas-inquiry-response-bundle", list(answers)))

    def _searched(self, path: str, query: dict[str, list[str]]) -> Answer:
        found: list[dict[str, Any]] = []
        with self.book.lock:
            for name, (url, claim, response) in self.book.stored.items():
                if path == "/fhir/Claim" and name in query.get("identifier", ()):
                    found.append(claim)
                named = name in query.get("request.identifier", ())
                if path == "/fhir/ClaimResponse" and (named or url in query.get("request", ())):
                    found += [] if response["outcome"] == "queued" else [response]
        return _json(
            200,
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "link": [{"relation": "self", "url": self.path}],
                "entry": [{"resource": one} for one in found],
            },
        )

    def _is_allowed(self) -> bool:
        if self.tokens is None or self.tokens.knows(self.headers.get("Authorization", "")):
            return True
        self._finish(_json(401, outcome_of(["no valid token"], "login")), "")
        return False

    def _token(self, body: bytes) -> None:
        status, said = (404, {}) if self.tokens is None else self.tokens.answer(body)
        self._finish((status, {"Content-Type": "application/json"}, json.dumps(said).encode()), "")

    def _know(self) -> None:
        with self.book.lock:
            stored = self.book.stored.items()
            queued = [name for name, (_, _, r) in stored if r["outcome"] == "queued"]
            known = {"claims": self.book.claims, "seen": self.book.seen, "queued": queued}
            known["tokens"] = [] if self.tokens is None else self.tokens.issued
            self._finish(_json(200, known), "")

    def _told(self, told: dict[str, Any]) -> None:
        for operation, todo in told.get("next", {}).items():
            self.book.todo[operation].extend(todo)
        for name, outcome in told.get("decide", {}).items():
            self.book.decide(name, outcome)
        if told.get("forget"):
            self.book.todo.clear()
        if told.get("release"):
            self.book.released.set()
            self.book.released = threading.Event()
        if told.get("revoke") and self.tokens is not None:
            self.tokens.revoke()
        self._finish(_json(200, {}), "")

    def _finish(self, made: Answer, todo: str) -> None:
        """Answer, or misbehave as it was told."""
        self.close_connection = True
        if todo in ("cut", "cut-before"):
            return
        if todo == "slow":
            self.book.released.wait(60)
        status, headers, body = _spoiled(made, todo)
        for _ in range(2 if todo == "twice" else 1):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


def _plain(value: str) -> str:
    """A search value without its escapes (R4 search.html#escaping)."""
    return re.sub(r"\\([\\,|$])", r"\1", value)


def _json(status: int, resource: Any) -> Answer:
    return status, {"Content-Type": JSON}, json.dumps(resource).encode()


def _spoiled(made: Answer, todo: str) -> Answer:
    """An answer as the payer is told to spoil it."""
    status, headers, body = made
    page = (200, {"Content-Type": "text/html"}, b"<html><body>Maintenance</body></html>")
    patient = {"resourceType": "Patient", "id": "x"}
    bundle = json.loads(body) if body.startswith(b"{") else {}
    spoiled: dict[str, Answer] = {
        "html": page,
        "html-after": page,
        "empty": (200, headers, b""),
        "truncated": (200, headers, body[: len(body) // 2]),
        "wrong": _json(200, patient),
        "refuse": _json(422, outcome_of(["refused"], "business-rule")),
        "outcome-200": _json(200, outcome_of(["refused"], "business-rule")),
        "duplicate": _json(409, outcome_of(["known"], "duplicate")),
        "redirect": (307, {"Location": "http://127.0.0.1:9/fhir/Claim/$submit"}, b""),
        "429": (429, {"Retry-After": "600"}, b""),
        "huge": (200, headers, b" " * 9_000_000),
        "404": _json(404, outcome_of(["not served"], "not-supported")),
        "other": (
            200,
            headers,
            body.replace(b'"reference": "urn:uuid:', b'"reference": "urn:uuid:0'),
        ),
    }
    if todo.startswith("say:"):
        return status, headers, todo.removeprefix("say:").encode()
    if todo == "bare" and bundle.get("entry"):
        return _json(status, bundle["entry"][0]["resource"])
    if todo == "transaction" and bundle.get("entry"):
        return _json(status, {**bundle, "type": "transaction-response"})
    code = todo.removesuffix("-after")
    if code.isdecimal() and todo not in spoiled:
        return int(code), {"Content-Type": "text/plain"}, b"error"
    return spoiled.get(todo, made)


def serve(
    port: int, *, careless: bool = False, tokens: Tokens | None = None
) -> ThreadingHTTPServer:
    """A payer on a port of this machine, not yet running."""
    book = Book(careless=careless)
    handler = type("PayerHandler", (Handler,), {"book": book, "tokens": tokens})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial payer until it is interrupted."""
    parser = argparse.ArgumentParser(prog="isthmus payer", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument(
        "--careless", action="store_true", help="take a request that is repeated for another one"
    )
    parser.add_argument("--public-key", default="", help="PEM file: ask for tokens signed with it")
    chosen = parser.parse_args(arguments)
    tokens = Tokens(chosen.public_key) if chosen.public_key else None
    server = serve(chosen.port, careless=chosen.careless, tokens=tokens)
    sys.stdout.write(f"PAYER http://127.0.0.1:{server.server_address[1]}/fhir\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
