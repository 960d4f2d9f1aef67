import { signal, useSignal } from "@preact/signals";
import { Dialog } from "./Dialog.tsx";

interface Question {
  title: string;
  text: string;
  verb: string;
  /** A field that must be filled, unless it is optional. */
  field?: string;
  optional?: boolean;
  second?: string;
  answer: (values: [string, string] | undefined) => void;
}

const asked = signal<Question | undefined>(undefined);

/** Asks once before something that cannot be taken back. Undefined: no. */
export function ask(question: Omit<Question, "answer">): Promise<[string, string] | undefined> {
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (values) => {
        asked.value = undefined;
        resolve(values);
      },
    };
  });
}

function Form({ question }: { question: Question }) {
  const first = useSignal("");
  const second = useSignal("");
  const ready = !question.field || question.optional === true || first.value.trim() !== "";
  return (
    <Dialog label={question.title} close={() => question.answer(undefined)}>
      <form
        class="pad stack ask"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) question.answer([first.value.trim(), second.value.trim()]);
        }}
      >
        <h2>{question.title}</h2>
        <p class="sub">{question.text}</p>
        {question.field && (
          <div class="field">
            <label for="ask-1">{question.field}</label>
            <input
              class="in"
              id="ask-1"
              value={first.value}
              onInput={(event) => (first.value = event.currentTarget.value)}
            />
          </div>
        )}
        {question.second && (
          <div class="field">
            <label for="ask-2">{question.second}</label>
            <textarea
              class="in mono"
              id="ask-2"
              value={second.value}
              onInput={(event) => (second.value = event.currentTarget.value)}
            />
          </div>
        )}
        <div class="row">
          <button type="submit" class="btn pri" aria-disabled={!ready}>
            {question.verb}
          </button>
          <button type="button" class="btn" onClick={() => question.answer(undefined)}>
            No
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export const Asked = () => (asked.value ? <Form question={asked.value} /> : null);
