import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { revise, submit, type Upload } from "../../api/requests.ts";
import type { InputFile, Submission } from "../../api/types.ts";
import { EXAMPLES } from "../../format/examples.ts";
import { bytes } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import type { Failed } from "../../format/trouble.ts";
import { detail, loadDetail } from "../../live/requests.ts";
import { toast } from "../../live/toasts.ts";
import { has, hasVotes } from "../../live/server.ts";
import { Card, Note, PageHead } from "../../parts/Box.tsx";
import { Editor } from "../../parts/Editor.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useTitle } from "../../parts/title.ts";
import { Segments } from "../../parts/Tabs.tsx";
import { Failure, StillWaiting } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { CopyAs } from "./CopyAs.tsx";
import { Followed } from "./Followed.tsx";

/** A server that gives input files out takes them, too. */
const INPUTS = "/v1/requests/{id}/inputs/{path}";

type Gate = "before" | "after" | "both";

const GATES: { id: Gate; name: string; hint: string }[] = [
  { id: "before", name: "Before", hint: "Nothing runs until somebody approved the code." },
  { id: "after", name: "After the run", hint: "Runs at once; the result is held until approved." },
  { id: "both", name: "Both", hint: "Somebody looks at the code first, then at the result." },
];

const UNITS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600, d: 86400 };

/** Seconds of "24h"; undefined if it is no time. */
export function secondsOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?$/.exec(text.trim());
  return match ? Number(match[1]) * (UNITS[match[2] ?? "s"] ?? 1) : undefined;
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(/[,\s]+/).filter((piece) => piece.includes("="));
  return Object.fromEntries(
    pairs.map((piece) => [piece.slice(0, piece.indexOf("=")), piece.slice(piece.indexOf("=") + 1)]),
  );
}

/** What the form holds; also what a request that is revised had. */
function useForm() {
  const from = place.value.query.get("from") ?? undefined;
  const example = EXAMPLES.find((one) => one.id === place.value.query.get("example"));
  const form = {
    code: useSignal(""),
    purpose: useSignal(""),
    gate: useSignal<Gate>("after"),
    timeout: useSignal("24h"),
    labels: useSignal(""),
    by: useSignal(""),
    comment: useSignal(""),
    files: useSignal<Upload[]>([]),
    /** Of a revision: those of before that it has again; undefined until one is taken away. */
    kept: useSignal<InputFile[] | undefined>(undefined),
    /** The code of the step behind the approval; undefined: there is none. */
    step: useSignal<string | undefined>(undefined),
    start: useSignal(""),
    hub: useSignal(""),
  };
  useEffect(() => {
    if (!example) return;
    form.code.value = example.code;
    form.purpose.value = example.purpose;
  }, [example]);
  const old = from ? detail(from).value.request : undefined;
  useEffect(() => {
    if (from) void loadDetail(from);
  }, [from]);
  useEffect(() => {
    if (typeof old?.code !== "string" || form.code.value !== "") return;
    form.code.value = old.code;
    form.purpose.value = old.purpose ?? "";
    form.step.value = old.then?.code?.text ?? undefined;
  }, [old?.code]);
  return { form, from, old };
}

type Form = ReturnType<typeof useForm>["form"];

/** A step without code is none. */
const stepOf = (form: Form): string | undefined => (form.step.value?.trim() ? form.step.value : undefined);

export function submissionOf(form: Form): Submission {
  const seconds = secondsOf(form.timeout.value);
  const basic: Submission = {
    code: form.code.value,
    ...(seconds === undefined ? {} : { approvalTimeoutSeconds: seconds }),
    ...(form.by.value.trim() ? { submittedBy: form.by.value.trim() } : {}),
  };
  if (!hasVotes.value) return basic;
  const labels = labelsOf(form.labels.value);
  const start = form.start.value.trim();
  const hub = form.hub.value.trim();
  const step = stepOf(form);
  const then = {
    ...(start ? { start: { name: start, ...(hub ? { hub } : {}) } } : {}),
    ...(step === undefined ? {} : { code: step }),
  };
  return {
    ...basic,
    gate: form.gate.value,
    ...(form.purpose.value.trim() ? { purpose: form.purpose.value.trim() } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(then).length > 0 ? { then } : {}),
  };
}

function Field(props: {
  id: string;
  label: string;
  value: string;
  change: (value: string) => void;
  hint?: string;
  error?: boolean;
}) {
  return (
    <div class={props.error ? "field err" : "field"}>
      <label for={props.id}>{props.label}</label>
      <input
        class="in"
        id={props.id}
        value={props.value}
        aria-invalid={props.error ?? false}
        onInput={(event) => props.change(event.currentTarget.value)}
      />
      {props.hint && <span class="hint">{props.hint}</span>}
    </div>
  );
}

/** What only the whole model of a review takes. */
function ReviewFields({ form }: { form: Form }) {
  const gate = GATES.find((one) => one.id === form.gate.value);
  return (
    <>
      <Field
        id="pu"
        label="What is it for?"
        value={form.purpose.value}
        change={(value) => (form.purpose.value = value)}
        hint="Reviewers read this first."
      />
      <fieldset class="field">
        <legend>Gate</legend>
        <Segments label="Gate" options={GATES} chosen={form.gate.value} choose={(id) => (form.gate.value = id)} />
        <span class="hint">{gate?.hint}</span>
      </fieldset>
      <Field
        id="la"
        label="Labels"
        value={form.labels.value}
        change={(value) => (form.labels.value = value)}
        hint="team=logistics, env=test"
      />
      <details>
        <summary class="small sub">What follows an approval</summary>
        <div class="stack">
          <Field
            id="th"
            label="Start the orchestration"
            value={form.start.value}
            change={(value) => (form.start.value = value)}
            hint="By its name, once, with the result as its input. Nothing, if it is empty."
          />
          <Field
            id="hu"
            label="In the task hub"
            value={form.hub.value}
            change={(value) => (form.hub.value = value)}
            hint="Without one the app's own."
          />
        </div>
      </details>
    </>
  );
}

/** The files that a revision has again; taking one away says so for all. */
function KeptFiles({ form, before }: { form: Form; before: InputFile[] }) {
  const kept = form.kept.value ?? before;
  return (
    <>
      {kept.map((file) => (
        <Attached
          key={file.path}
          path={file.path}
          size={file.size}
          again
          remove={() => (form.kept.value = kept.filter((one) => one !== file))}
        />
      ))}
    </>
  );
}

function Attached(props: { path: string; size: number; again?: boolean; remove: () => void }) {
  const path = visibleLine(props.path);
  return (
    <span class="row tight">
      <Icon name="file" /> {path} {bytes(props.size)} {props.again && <span class="dim">as before</span>}
      <button type="button" class="copy" aria-label={`Remove ${path}`} onClick={props.remove}>
        <Icon name="x" />
      </button>
    </span>
  );
}

function Files({ form, before }: { form: Form; before: InputFile[] }) {
  const add = (list: FileList | null) => {
    const added = [...(list ?? [])].map((file): Upload => ({ path: file.name, file }));
    const isNew = (old: { path: string }) => !added.some((one) => one.path === old.path);
    form.files.value = [...form.files.value.filter(isNew), ...added];
    if (!before.every(isNew)) form.kept.value = (form.kept.value ?? before).filter(isNew);
  };
  return (
    <>
      <KeptFiles form={form} before={before} />
      {form.files.value.map((one) => (
        <Attached
          key={one.path}
          path={one.path}
          size={one.file.size}
          remove={() => (form.files.value = form.files.value.filter((other) => other !== one))}
        />
      ))}
      <label class="btn sm quiet">
        <Icon name="plus" />
        Add files
        <input
          type="file"
          class="vh"
          multiple
          onChange={(event) => {
            add(event.currentTarget.files);
            event.currentTarget.value = ""; // the same file may be added again once it is removed
          }}
        />
      </label>
      <span class="end lo dim">The code finds them below /mnt/data</span>
    </>
  );
}

/** What goes on in the same session once the result of the code above is approved. */
function StepCard({ form, submit }: { form: Form; submit: () => void }) {
  if (form.step.value === undefined)
    return (
      <p class="small">
        <button type="button" class="btn sm quiet" onClick={() => (form.step.value = "")}>
          <Icon name="plus" />
          Add a step behind the approval
        </button>{" "}
        <span class="dim">First a dry run, somebody looks, then the real step in the same session.</span>
      </p>
    );
  return (
    <Card
      title="then.py"
      mono
      bare
      side={
        <button type="button" class="btn sm quiet" onClick={() => (form.step.value = undefined)}>
          Remove the step
        </button>
      }
      foot="Runs in the same session once the result of main.py is approved; its result is what is released then."
    >
      <Editor
        label="Code of the step, then.py"
        value={form.step.value}
        change={(value) => (form.step.value = value)}
        submit={submit}
      />
    </Card>
  );
}

function Side({ form, send, sending, revises }: { form: Form; send: () => void; sending: boolean; revises: boolean }) {
  const badTime = secondsOf(form.timeout.value) === undefined;
  return (
    <Card>
      <div class="stack">
        {revises ? (
          <Field
            id="cm"
            label="What changed?"
            value={form.comment.value}
            change={(value) => (form.comment.value = value)}
          />
        ) : (
          <>
            {hasVotes.value && <ReviewFields form={form} />}
            <Field
              id="to"
              label="Time-out"
              value={form.timeout.value}
              change={(value) => (form.timeout.value = value)}
              hint={
                badTime ? "A number with s, min, h or d, such as 24h." : "Nobody decided by then: nothing is released."
              }
              error={badTime}
            />
            <Field
              id="by"
              label="Your name"
              value={form.by.value}
              change={(value) => (form.by.value = value)}
              hint="Shown beside the request; not proof of anything."
            />
          </>
        )}
        <button
          type="button"
          class="btn pri"
          aria-keyshortcuts="Control+Enter"
          aria-busy={sending}
          aria-disabled={form.code.value.trim() === "" || badTime}
          onClick={send}
        >
          <Icon name={sending ? "run" : "submit"} spin={sending} />
          {revises ? "Send the revision" : "Submit"}
          <kbd>Ctrl ↵</kbd>
        </button>
        {form.code.value.trim() === "" && <p class="small dim">Write or paste some code first.</p>}
      </div>
    </Card>
  );
}

/** A submission whose answer was lost may have come through: sent again unchanged, it has the key that it had, and is the same request. */
function useAttempt() {
  const last = useRef<{ text: string; uploads: Upload[]; key: string } | undefined>(undefined);
  const keyOf = (submission: Submission, uploads: Upload[]): string => {
    const text = JSON.stringify(submission);
    if (last.current?.text !== text || last.current.uploads !== uploads)
      last.current = { text, uploads, key: crypto.getRandomValues(new Uint32Array(4)).join("-") };
    return last.current.key;
  };
  return { keyOf, done: () => (last.current = undefined) };
}

export default function Submit() {
  const { form, from, old } = useForm();
  const attempt = useAttempt();
  const sending = useSignal(false);
  const failure = useSignal<Failed | undefined>(undefined);
  const followed = place.value.query.get("id") ?? undefined;
  const revises =
    from !== undefined && hasVotes.value && (old?.state === "changes-requested" || old?.state === "waiting");
  const before = (revises && old?.revisions?.find((one) => one.number === old.revision)?.files) || [];
  useTitle("Submit");

  const send = async () => {
    if (sending.value || form.code.value.trim() === "" || secondsOf(form.timeout.value) === undefined) return;
    sending.value = true;
    failure.value = undefined;
    try {
      if (revises) {
        const uploads = form.files.value;
        // Nothing said of files keeps all of them; a new one says which of the others stay.
        const kept = form.kept.value ?? (uploads.length > 0 ? before : undefined);
        await revise(from, {
          code: form.code.value,
          comment: form.comment.value.trim(),
          kept,
          uploads,
          step: stepOf(form) ?? (old?.then?.code ? null : undefined),
        });
        await loadDetail(from); // the bytes of before are not shown as if they were to be voted on
        go(href("/requests", from));
      } else {
        const submission = submissionOf(form);
        const made = await submit(submission, form.files.value, attempt.keyOf(submission, form.files.value));
        attempt.done();
        for (const warning of made.warnings ?? []) toast("held", "Not all of it was taken.", warning);
        setQuery({ id: made.id });
        void loadDetail(made.id);
      }
    } catch (cause) {
      failure.value = wordsOf(cause);
    }
    sending.value = false;
  };

  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title={revises ? "Send a revision" : "Submit code"}
        under="It runs without network; the result is held until someone approves it"
      />
      {from && !revises && (
        <Note tone="ink">A new request, with the code of {from.slice(0, 8)}. The old one stays as it is.</Note>
      )}
      <div class="side">
        <div class="stack">
          <Card
            title="main.py"
            mono
            bare
            side={
              <>
                <label class="vh" for="exa">
                  Example
                </label>
                <select
                  class="in auto"
                  id="exa"
                  value={place.value.query.get("example") ?? ""}
                  onChange={(event) => setQuery({ example: event.currentTarget.value, id: undefined })}
                >
                  <option value="">Examples…</option>
                  {EXAMPLES.map((one) => (
                    <option value={one.id}>{one.name}</option>
                  ))}
                </select>
              </>
            }
            {...(has(INPUTS) ? { foot: <Files form={form} before={before} /> } : {})}
          >
            <Editor
              label="Code, main.py"
              value={form.code.value}
              change={(value) => (form.code.value = value)}
              submit={() => void send()}
            />
          </Card>
          {hasVotes.value && <StepCard form={form} submit={() => void send()} />}
          <StillWaiting goesOn={sending.value} what={revises ? "the revision" : "the new request"} />
          {failure.value && <Failure failed={failure.value} again={() => void send()} />}
          {followed && <Followed id={followed} />}
        </div>
        <div class="stack">
          <Side form={form} send={() => void send()} sending={sending.value} revises={revises} />
          <CopyAs submission={submissionOf(form)} uploads={form.files.value} />
        </div>
      </div>
    </main>
  );
}
