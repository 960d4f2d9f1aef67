# SPDX-License-Identifier: MIT
"""Code that a person approves before its output counts: a client of Sallyport's HTTP API in one file without dependencies.

    import sallyport
    client = sallyport.Client()                     # SALLYPORT_URL, SALLYPORT_KEY
    end = client.run("print(6 * 7)", purpose="multiply")
    print(end["result"]["stdout"])                  # after a person approved; else Rejected, TimedOut, Failed is raised

Every call returns the API's own objects as dicts (doc/api.md). Threads may share a client.
"""
import http.client
import base64
import json
import os
import pathlib
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

FINAL = ("approved", "rejected", "timed-out", "failed", "cancelled")
_TRIES = 4  # of a call that may be sent again
_POLL_S = 60
_SILENCE_S = 60  # of a stream that has a comment every 15 s


class Error(Exception):
    """The server refused. `status` of HTTP, `type` as doc/api.md lists them ("already-decided"), `body` whole."""

    def __init__(self, status, body):
        self.status, self.body = status, body if isinstance(body, dict) else {}
        self.type = str(self.body.get("type", "")).rsplit(":", 1)[-1]
        super().__init__(self.body.get("detail") or self.body.get("title") or f"HTTP {status}")


class NotFound(Error):
    """404"""


class NotAllowed(Error):
    """401 and 403: whoever asks may not, or not yet."""


class Conflict(Error):
    """409: decided already, other bytes than were seen, over."""


class Ended(Exception):
    """The request is over and was not approved. `request` is the whole of it."""

    def __init__(self, request):
        self.request = request
        decision, error = request.get("decision") or {}, request.get("error") or {}
        super().__init__(decision.get("comment") or error.get("message") or request["state"])


class Rejected(Ended):
    """A person said no; the text is their comment."""


class TimedOut(Ended):
    """Nobody decided in time."""


class Failed(Ended):
    """The code failed, could not be run, or was cancelled."""


_ERRORS = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict}
_ENDS = {"rejected": Rejected, "timed-out": TimedOut, "failed": Failed, "cancelled": Failed}


def _given(**members):
    return {name: value for name, value in members.items() if value is not None}


def _files(files):
    """As the API takes them; a path of this machine is read."""
    if files is None:
        return None
    contents = {name: content.read_bytes() if isinstance(content, pathlib.Path) else content for name, content in files.items()}
    return [{"path": name, "content": base64.b64encode(content.encode() if isinstance(content, str) else content).decode()}
            for name, content in contents.items()]


def _events(answer):
    """(event, data, id) of each event of a text/event-stream (HTML Living Standard, section 9.2), as our server writes them."""
    fields = {}
    for line in answer:
        name, _, value = line.decode().rstrip("\r\n").partition(":")
        if name:
            fields[name] = value[1:] if value.startswith(" ") else value
        elif line.strip() == b"" and "data" in fields:
            yield fields.get("event", "message"), json.loads(fields["data"]), fields.get("id", "0")
            fields = {}


class Client:
    def __init__(self, url=None, key=None, timeout=30, context=None):
        """`timeout` in seconds of one answer; `context` an ssl.SSLContext for an authority of one's own."""
        self._url = (url or os.environ.get("SALLYPORT_URL") or "http://localhost:8080").rstrip("/")
        self._key = key or os.environ.get("SALLYPORT_KEY")
        self._timeout, self._context = timeout, context

    # --- submitting ---

    def submit(self, code, purpose=None, labels=None, gate=None, session=None, on_behalf_of=None,
               approval_timeout=None, files=None, then_code=None):
        """Hands code in; returns the request as it is then. `approval_timeout` in seconds. `files` is a dict: under which path
        below /mnt/data the code finds what: bytes, text, or a pathlib.Path of this machine. `then_code` goes on in the same
        session once the result of `code` is approved: first a dry run, then the real step, whose result is the request's."""
        body = _given(code=code, purpose=purpose, labels=labels, gate=gate, session=session,
                      onBehalfOf=on_behalf_of, approvalTimeoutSeconds=approval_timeout, files=_files(files),
                      then=None if then_code is None else {"code": then_code})
        return self._ask("POST", "/v1/requests", body, {"Idempotency-Key": str(uuid.uuid4())}, again=True)

    def revise(self, request_id, code, comment=None, files=None, then_code=None):
        """The next revision of a request for which changes were asked for. Without `files` it has those of the one before; without
        `then_code` the step of before, and "" takes it away."""
        then = None if then_code is None else {"code": then_code or None}
        return self._ask("POST", self._path(request_id, "revisions"),
                         _given(code=code, comment=comment, files=_files(files), then=then))

    def run(self, code, timeout=None, **submission):
        """Submits, waits for the end, and returns the approved request; raises an Ended if it is not approved, and
        TimeoutError after `timeout` seconds, when it may still be decided."""
        return self.wait(self.submit(code, **submission)["id"], timeout)

    def wait(self, request_id, timeout=None):
        """The request once it is approved; as `run`."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _POLL_S if until is None else min(_POLL_S, until - time.monotonic())
            request = self.get(request_id, wait=max(left, 0.001), until="over")
            if request["state"] == "approved":
                return request
            if request["state"] in _ENDS:
                raise _ENDS[request["state"]](request)
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"request {request_id} is {request['state']}")

    # --- looking ---

    def get(self, request_id, wait=None, until=None):
        """The request; with `wait` (seconds) not before its result is there, or with until="over" its end."""
        query = _given(wait=None if wait is None else f"{max(int(wait * 1000), 1)}ms", until=until)
        path = self._path(request_id) + ("?" + urllib.parse.urlencode(query) if query else "")
        return self._ask("GET", path, again=True, timeout=self._timeout + (wait or 0))

    def follow(self, request_id, run=None):
        """What a run prints, as it prints it: yields (event, data) with the events of doc/api.md, `stdout` and `stderr` with data["text"],
        `display`, `reset` (forget what came: it comes anew), and `status`, the last of which has data["status"] == "over". `run` is its
        number; without it the present one, or the first that is to come. A connection that is lost is taken up where it was."""
        if run is None:
            request = self.get(request_id)
            run = request.get("run") or len(request.get("runs", [])) + 1
        place, lost = "0", 0
        while True:
            path = self._path(request_id, "runs", run, "output") + "?" + urllib.parse.urlencode({"from": place})
            try:
                with self._open("GET", path, timeout=_SILENCE_S) as answer:
                    for event, data, place in _events(answer):
                        lost = 0
                        yield event, data
                        if event == "status" and data["status"] == "over":
                            return
                    if answer.status == 204:
                        return
            except urllib.error.HTTPError as refusal:
                if refusal.code != 503 or lost >= _TRIES:
                    raise self._error(refusal.code, refusal.read()) from None
            except (OSError, http.client.HTTPException):
                if lost >= _TRIES:
                    raise
            lost += 1
            if lost > _TRIES:
                raise ConnectionError(f"the output of request {request_id} breaks off")
            time.sleep(0.25 * 2**lost)

    def logs(self, request_id, run=None):
        """What a run has printed, once it is over: {"stdout", "stderr"} and the members of its last status."""
        texts = {"stdout": "", "stderr": ""}
        for event, data in self.follow(request_id, run):
            if event == "reset":
                texts = {"stdout": "", "stderr": ""}
            elif event in texts:
                texts[event] += data["text"]
            elif event == "status":
                last = data
        return {**texts, **last}

    def list(self, **filters):
        """Each request, newest first: state, submitter, label ("key:value"), since, until, q."""
        after = None
        while True:
            query = urllib.parse.urlencode(_given(order="desc", after=after, **filters), doseq=True)
            page = self._ask("GET", f"/v1/requests?{query}", again=True)
            yield from page["requests"]
            after = page.get("next")
            if not after:
                return

    def receipt(self, request_id):
        """What proves later what was decided: `sallyport audit check`."""
        return self._ask("GET", self._path(request_id, "receipt"), again=True)

    # --- files ---

    def files(self, request_id):
        """What its run made: "files", each with path, size and sha256, "filesNotKept" and "filesLeftOut"; "filesFrom" is None where nobody
        can tell. NotAllowed until somebody has approved it."""
        return self._ask("GET", self._path(request_id, "files"), again=True)

    def get_file(self, request_id, path):
        """The bytes of a file that its run made."""
        return self._ask("GET", self._path(request_id, "files", *path.split("/")), again=True, raw=True)

    def inputs(self, request_id, revision=None):
        """The input files of the present revision, or of that one: a list."""
        query = f"?revision={revision}" if revision else ""
        return self._ask("GET", self._path(request_id, "inputs") + query, again=True)["inputs"]

    def get_input(self, request_id, path, revision=None):
        query = f"?revision={revision}" if revision else ""
        return self._ask("GET", self._path(request_id, "inputs", *path.split("/")) + query, again=True, raw=True)

    def diff(self, request_id, from_revision=None, to_revision=None):
        """What differs between two revisions, by hashes; without numbers between the present one and the one before it."""
        query = urllib.parse.urlencode(_given(**{"from": from_revision, "to": to_revision}))
        return self._ask("GET", self._path(request_id, "diff") + ("?" + query if query else ""), again=True)

    # --- deciding ---

    def approve(self, request_id, comment=None, manifest=None):
        """`manifest` is the manifestSha256 that was looked at: a vote on other bytes is a Conflict."""
        return self._vote(request_id, "approve", comment, manifest)

    def reject(self, request_id, comment=None, manifest=None):
        return self._vote(request_id, "reject", comment, manifest)

    def ask_for_changes(self, request_id, comment, manifest=None):
        return self._vote(request_id, "changes", comment, manifest)

    def cancel(self, request_id, reason=None):
        return self._ask("POST", self._path(request_id, "cancel"), _given(reason=reason))

    def _vote(self, request_id, answer, comment, manifest):
        return self._ask("POST", self._path(request_id, "votes"), _given(answer=answer, comment=comment, manifestSha256=manifest))

    # --- one call ---

    @staticmethod
    def _path(*segments):
        return "/v1/requests/" + "/".join(urllib.parse.quote(str(segment), safe="") for segment in segments)

    def _open(self, method, path, data=None, headers=None, timeout=None):
        headers = dict(headers or {})
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        return urllib.request.urlopen(request, timeout=timeout or self._timeout, context=self._context)

    def _ask(self, method, path, body=None, headers=None, again=False, timeout=None, raw=False):
        """`again`: it does no harm twice, so a lost answer and 503 are followed by another try. `raw`: the answer's bytes."""
        headers = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1 or not again
            try:
                with self._open(method, path, data, headers, timeout) as answer:
                    text = answer.read()
                return text if raw else json.loads(text)
            except urllib.error.HTTPError as refusal:
                text = refusal.read()
                pause = refusal.headers.get("Retry-After", "")
                if refusal.code != 503 or last:
                    raise self._error(refusal.code, text) from None
                time.sleep(float(pause) if pause.isdigit() else 0.25 * 2**attempt)
            except (OSError, http.client.HTTPException):
                if last:
                    raise
                time.sleep(0.25 * 2**attempt)

    @staticmethod
    def _error(status, text):
        try:
            body = json.loads(text)
        except ValueError:
            body = {"detail": text[:200].decode(errors="replace")}
        return _ERRORS.get(status, Error)(status, body)
