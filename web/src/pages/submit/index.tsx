import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../api/client.ts";
import { revise, submit } from "../../api/requests.ts";
import type { Submission } from "../../api/types.ts";
import { EXAMPLES } from "../../format/examples.ts";
import { bytes } from "../../format/size.ts";
import { visibleLine } from "../../format/text.ts";
import { detail, loadDetail } from "../../live/requests.ts";
import { toast } from "../../live/toasts.ts";
import { has, hasVotes } from "../../live/server.ts";
import { Card, Note, PageHead } from "../../parts/Box.tsx";
import { Editor } from "../../parts/Editor.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useTitle } from "../../parts/title.ts";
import { Segments } from "../../parts/Tabs.tsx";
import { Failure } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { CopyAs } from "./CopyAs.tsx";
import { Followed } from "./Followed.tsx";

/** A server that gives input files out takes them, too. */
const INPUTS = "/v1/requests/{id}/revisions/{number}/inputs/{path}";

type Gate = "before" | "after" | "both";

interface Attached {
  path: string;
  size: number;
  base64: string;
}

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

async function attach(file: File): Promise<Attached> {
  const data = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < data.length; at += 32768) binary += String.fromCharCode(...data.subarray(at, at + 32768));
  return { path: file.name, size: file.size, base64: btoa(binary) };
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
    files: useSignal<Attached[]>([]),
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
    if (old?.code === undefined || form.code.value !== "") return;
    form.code.value = old.code;
    form.purpose.value = old.purpose ?? "";
  }, [old?.code]);
  return { form, from, old };
}

type Form = ReturnType<typeof useForm>["form"];

export function submissionOf(form: Form): Submission {
  const seconds = secondsOf(form.timeout.value);
  const basic: Submission = {
    code: form.code.value,
    ...(seconds === undefined ? {} : { approvalTimeoutSeconds: seconds }),
    ...(form.by.value.trim() ? { submittedBy: form.by.value.trim() } : {}),
  };
  if (!hasVotes.value) return basic;
  const labels = labelsOf(form.labels.value);
  return {
    ...basic,
    gate: form.gate.value,
    ...(form.purpose.value.trim() ? { purpose: form.purpose.value.trim() } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(form.files.value.length > 0 ? { files: form.files.value.map(({ path, base64 }) => ({ path, base64 })) } : {}),
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
    </>
  );
}

function Files({ form }: { form: Form }) {
  const add = async (list: FileList | null) => {
    const added = await Promise.all([...(list ?? [])].map(attach));
    form.files.value = [...form.files.value.filter((old) => !added.some((file) => file.path === old.path)), ...added];
  };
  return (
    <>
      {form.files.value.map((file) => (
        <span class="row tight">
          <Icon name="file" /> {visibleLine(file.path)} {bytes(file.size)}
          <button
            type="button"
            class="copy"
            aria-label={`Remove ${file.path}`}
            onClick={() => (form.files.value = form.files.value.filter((one) => one !== file))}
          >
            <Icon name="x" />
          </button>
        </span>
      ))}
      <label class="btn sm quiet">
        <Icon name="plus" />
        Add files
        <input type="file" class="vh" multiple onChange={(event) => void add(event.currentTarget.files)} />
      </label>
    </>
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

export default function Submit() {
  const { form, from, old } = useForm();
  const sending = useSignal(false);
  const failure = useSignal<{ title: string; detail: string } | undefined>(undefined);
  const followed = place.value.query.get("id") ?? undefined;
  const revises =
    from !== undefined && hasVotes.value && (old?.state === "changes-requested" || old?.state === "waiting");
  useTitle("Submit");

  const send = async () => {
    if (sending.value || form.code.value.trim() === "" || secondsOf(form.timeout.value) === undefined) return;
    sending.value = true;
    failure.value = undefined;
    try {
      if (revises) {
        await revise(from, form.code.value, form.comment.value.trim());
        go(href("/requests", from));
      } else {
        const made = await submit(submissionOf(form));
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
            {...(has(INPUTS) && !revises ? { foot: <Files form={form} /> } : {})}
          >
            <Editor
              label="Code, main.py"
              value={form.code.value}
              change={(value) => (form.code.value = value)}
              submit={() => void send()}
            />
          </Card>
          {failure.value && <Failure {...failure.value} again={() => void send()} />}
          {followed && <Followed id={followed} />}
        </div>
        <div class="stack">
          <Side form={form} send={() => void send()} sending={sending.value} revises={revises} />
          <CopyAs submission={submissionOf(form)} />
        </div>
      </div>
    </main>
  );
}
