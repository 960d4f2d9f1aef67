// SPDX-License-Identifier: MIT
// Code that a person approves before its output counts: a client of Sallyport's HTTP API in one file without dependencies.
//
//     import { Client } from "./sallyport.mjs";
//     const client = new Client(); // SALLYPORT_URL, SALLYPORT_KEY
//     const end = await client.run("print(6 * 7)", { purpose: "multiply" });
//     console.log(end.result.stdout); // after a person approved; else Rejected, TimedOut or Failed is thrown
//
// Every call resolves to the API's own objects (doc/api.md).

export const FINAL = ["approved", "rejected", "timed-out", "failed", "cancelled"];
const TRIES = 4; // of a call that may be sent again
const POLL_S = 60;

/** The server refused: `status` of HTTP, `type` as doc/api.md lists them ("already-decided"), `body` whole. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? `HTTP ${status}`);
    this.name = new.target.name;
    this.status = status;
    this.body = body;
    this.type = String(body?.type ?? "").split(":").pop();
  }
}
/** 404 */
export class NotFound extends ApiError {}
/** 401 and 403: whoever asks may not, or not yet. */
export class NotAllowed extends ApiError {}
/** 409: decided already, other bytes than were seen, over. */
export class Conflict extends ApiError {}

/** The request is over and was not approved; `request` is the whole of it. */
export class Ended extends Error {
  constructor(request) {
    super(request.decision?.comment ?? request.error?.message ?? request.state);
    this.name = new.target.name;
    this.request = request;
  }
}
/** A person said no; the message is their comment. */
export class Rejected extends Ended {}
/** Nobody decided in time. */
export class TimedOut extends Ended {}
/** The code failed, could not be run, or was cancelled. */
export class Failed extends Ended {}

const ERRORS = { 401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict };
const ENDS = { rejected: Rejected, "timed-out": TimedOut, failed: Failed, cancelled: Failed };

const environment = (name) => globalThis.process?.env?.[name];
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Base64 of bytes (an ArrayBuffer or a view of one) or text. */
function base64(content) {
  let bytes = content;
  if (typeof content === "string") bytes = new TextEncoder().encode(content);
  else if (ArrayBuffer.isView(content)) bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  else bytes = new Uint8Array(content);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** As the API takes them. */
const filesOf = (files) => files && Object.entries(files).map(([path, content]) => ({ path, content: base64(content) }));

/** The events of a text/event-stream (HTML Living Standard, section 9.2), as our server writes them. */
async function* eventsOf(body) {
  const decoder = new TextDecoder();
  let rest = "";
  let fields = {};
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (line === "" && "data" in fields) {
        yield { event: fields.event ?? "message", data: JSON.parse(fields.data), id: fields.id ?? "0" };
        fields = {};
      } else if (colon > 0) {
        fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
      }
    }
  }
}

export class Client {
  #url;
  #key;
  #timeout;

  /** `timeout`: seconds of one answer. */
  constructor({ url, key, timeout = 30 } = {}) {
    this.#url = (url ?? environment("SALLYPORT_URL") ?? globalThis.location?.origin ?? "http://localhost:8080").replace(/\/+$/, "");
    this.#key = key ?? environment("SALLYPORT_KEY");
    this.#timeout = timeout;
  }

  // --- submitting ---

  /**
   * Hands code in. `approvalTimeout` in seconds. `files`: { "path below /mnt/data": bytes or text }. `thenCode` goes on in the same
   * session once the result of `code` is approved: first a dry run, then the real step, whose result is the request's.
   */
  submit(code, { purpose, labels, gate, session, onBehalfOf, approvalTimeout, files, thenCode } = {}) {
    const then = thenCode === undefined ? undefined : { code: thenCode };
    const body = { code, purpose, labels, gate, session, onBehalfOf, approvalTimeoutSeconds: approvalTimeout, files: filesOf(files), then };
    return this.#ask("POST", "/v1/requests", { body, again: true, headers: { "idempotency-key": crypto.randomUUID() } });
  }

  /**
   * The next revision of a request for which changes were asked for. Without `files` it has those of the one before; without
   * `thenCode` the step of before, and null takes it away.
   */
  revise(id, code, { comment, files, thenCode } = {}) {
    const then = thenCode === undefined ? undefined : { code: thenCode };
    return this.#ask("POST", this.#path(id, "revisions"), { body: { code, comment, files: filesOf(files), then } });
  }

  /** Submits, waits for the end, and resolves to the approved request; throws an Ended if it is not approved. */
  async run(code, options = {}) {
    return this.wait((await this.submit(code, options)).id, options);
  }

  /** The request once it is approved. After `timeout` seconds an error is thrown, and it may still be decided. */
  async wait(id, { timeout } = {}) {
    const until = timeout === undefined ? Infinity : Date.now() + timeout * 1000;
    for (;;) {
      const left = Math.min(POLL_S, (until - Date.now()) / 1000);
      const request = await this.get(id, { wait: Math.max(left, 0.001), until: "over" });
      if (request.state === "approved") return request;
      if (ENDS[request.state]) throw new ENDS[request.state](request);
      if (Date.now() >= until) throw new Error(`request ${id} is ${request.state}`);
    }
  }

  // --- looking ---

  /** The request; with `wait` (seconds) not before its result is there, or with until "over" its end. */
  get(id, { wait, until } = {}) {
    const query = new URLSearchParams();
    if (wait !== undefined) query.set("wait", `${Math.max(Math.floor(wait * 1000), 1)}ms`);
    if (until !== undefined) query.set("until", until);
    const path = this.#path(id) + (query.size ? `?${query}` : "");
    return this.#ask("GET", path, { again: true, timeout: this.#timeout + (wait ?? 0) });
  }

  /**
   * What a run prints, as it prints it: yields { event, data } with the events of doc/api.md, "stdout" and "stderr" with data.text,
   * "display", "reset" (forget what came: it comes anew), and "status", the last of which has data.status "over". `run` is its number;
   * without it the present one, or the first that is to come. A connection that is lost is taken up where it was.
   */
  async *follow(id, { run } = {}) {
    if (run === undefined) {
      const request = await this.get(id);
      run = request.run ?? (request.runs?.length ?? 0) + 1;
    }
    let place = "0";
    for (let lost = 0; ; lost++) {
      const path = `${this.#path(id, "runs", run, "output")}?from=${encodeURIComponent(place)}`;
      try {
        const answer = await fetch(this.#url + path, { headers: this.#headers({}) });
        if (answer.status === 204) return;
        if (!answer.ok && answer.status !== 503) throw await this.#error(answer);
        if (answer.ok) {
          for await (const { event, data, id: at } of eventsOf(answer.body)) {
            place = at;
            lost = 0;
            yield { event, data };
            if (event === "status" && data.status === "over") return;
          }
        }
      } catch (broken) {
        if (broken instanceof ApiError || lost >= TRIES) throw broken;
      }
      if (lost >= TRIES) throw new Error(`the output of request ${id} breaks off`);
      await pause(0.25 * 2 ** lost);
    }
  }

  /** What a run has printed, once it is over: { stdout, stderr } and the members of its last status. */
  async logs(id, options) {
    const texts = { stdout: "", stderr: "" };
    let last;
    for await (const { event, data } of this.follow(id, options)) {
      if (event === "reset") Object.assign(texts, { stdout: "", stderr: "" });
      else if (event in texts) texts[event] += data.text;
      else if (event === "status") last = data;
    }
    return { ...texts, ...last };
  }

  /** Each request, newest first: state, submitter, label ("key:value"), since, until, q. */
  async *list(filters = {}) {
    let after;
    do {
      const query = new URLSearchParams({ order: "desc", ...filters, ...(after && { after }) });
      const page = await this.#ask("GET", `/v1/requests?${query}`, { again: true });
      yield* page.requests;
      after = page.next;
    } while (after);
  }

  /** What proves later what was decided: `sallyport audit check`. */
  receipt(id) {
    return this.#ask("GET", this.#path(id, "receipt"), { again: true });
  }

  // --- files ---

  /**
   * What its run made: "files", each with path, size and sha256, "filesNotKept" and "filesLeftOut"; "filesFrom" is null where nobody can
   * tell. NotAllowed until somebody has approved it.
   */
  files(id) {
    return this.#ask("GET", this.#path(id, "files"), { again: true });
  }

  /** The bytes of a file that its run made, a Uint8Array. */
  getFile(id, path) {
    return this.#ask("GET", this.#path(id, "files", ...path.split("/")), { again: true, raw: true });
  }

  /** The input files of the present revision, or of that one: an array. */
  async inputs(id, { revision } = {}) {
    const query = revision ? `?revision=${revision}` : "";
    return (await this.#ask("GET", this.#path(id, "inputs") + query, { again: true })).inputs;
  }

  getInput(id, path, { revision } = {}) {
    const query = revision ? `?revision=${revision}` : "";
    return this.#ask("GET", this.#path(id, "inputs", ...path.split("/")) + query, { again: true, raw: true });
  }

  /** What differs between two revisions, by hashes; without numbers between the present one and the one before it. */
  diff(id, { from, to } = {}) {
    const query = new URLSearchParams({ ...(from && { from }), ...(to && { to }) });
    return this.#ask("GET", this.#path(id, "diff") + (query.size ? `?${query}` : ""), { again: true });
  }

  // --- deciding ---

  /** `manifest` is the manifestSha256 that was looked at: a vote on other bytes is a Conflict. */
  approve(id, { comment, manifest } = {}) {
    return this.#vote(id, "approve", comment, manifest);
  }

  reject(id, { comment, manifest } = {}) {
    return this.#vote(id, "reject", comment, manifest);
  }

  askForChanges(id, { comment, manifest } = {}) {
    return this.#vote(id, "changes", comment, manifest);
  }

  cancel(id, { reason } = {}) {
    return this.#ask("POST", this.#path(id, "cancel"), { body: { reason } });
  }

  #vote(id, answer, comment, manifestSha256) {
    return this.#ask("POST", this.#path(id, "votes"), { body: { answer, comment, manifestSha256 } });
  }

  // --- one call ---

  #path(...segments) {
    return `/v1/requests/${segments.map(encodeURIComponent).join("/")}`;
  }

  #headers(more) {
    return this.#key ? { ...more, authorization: `Bearer ${this.#key}` } : { ...more };
  }

  /** `again`: it does no harm twice, so a lost answer and 503 are followed by another try. `raw`: the answer's bytes. */
  async #ask(method, path, { body, headers = {}, again = false, timeout = this.#timeout, raw = false } = {}) {
    const all = this.#headers(headers);
    if (body) all["content-type"] = "application/json";
    for (let attempt = 0; ; attempt++) {
      const last = attempt === TRIES - 1 || !again;
      let answer;
      try {
        answer = await fetch(this.#url + path, {
          method,
          headers: all,
          body: body && JSON.stringify(body),
          signal: AbortSignal.timeout(timeout * 1000),
        });
      } catch (lost) {
        if (last) throw lost;
        await pause(0.25 * 2 ** attempt);
        continue;
      }
      if (answer.ok) return raw ? new Uint8Array(await answer.arrayBuffer()) : answer.json();
      if (answer.status !== 503 || last) throw await this.#error(answer);
      await pause(Number(answer.headers.get("retry-after")) || 0.25 * 2 ** attempt);
    }
  }

  async #error(answer) {
    const text = await answer.text();
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      body = { detail: text.slice(0, 200) };
    }
    return new (ERRORS[answer.status] ?? ApiError)(answer.status, body);
  }
}
