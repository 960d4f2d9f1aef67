import { useSignal } from "@preact/signals";
import { wordsOf } from "../../api/client.ts";
import { addAbsence, endAbsence, listAbsences, type Absence } from "../../api/policy.ts";
import { exact, parseTime } from "../../format/time.ts";
import { visibleLine } from "../../format/text.ts";
import { may, me } from "../../live/server.ts";
import { toast } from "../../live/toasts.ts";
import { ask } from "../../parts/Ask.tsx";
import { Card } from "../../parts/Box.tsx";
import { Person } from "../../parts/Person.tsx";
import { Table } from "../../parts/Table.tsx";
import { Ago } from "../../parts/Time.tsx";
import { useAsk } from "../../parts/useAsk.ts";
import { Awaiting } from "../../parts/Wait.tsx";

const failed = (cause: unknown) => toast("bad", wordsOf(cause).title, wordsOf(cause).detail);

/** The end of that day here. */
const endOfDay = (day: string) => new Date(`${day}T23:59:59`);

function Field(props: { id: string; name: string; value: string; day?: boolean; change: (value: string) => void }) {
  const { id, value } = props;
  const onInput = (event: { currentTarget: HTMLInputElement }) => props.change(event.currentTarget.value);
  return (
    <div class="field">
      <label for={id}>{props.name}</label>
      {props.day ? (
        <input class="in" id={id} type="date" value={value} onInput={onInput} />
      ) : (
        <input class="in" id={id} value={value} onInput={onInput} />
      )}
    </div>
  );
}

/** Hands over until a day. For others only operators and owners do it. */
function HandOver({ done }: { done: () => void }) {
  const person = useSignal("");
  const delegate = useSignal("");
  const until = useSignal("");
  const comment = useSignal("");
  const forOthers = may("policy-write");
  const end = endOfDay(until.value);
  const why =
    !forOthers && !may("decide")
      ? "Only who decides has a place that somebody could take."
      : delegate.value.trim() === ""
        ? "Say who stands in."
        : Number.isNaN(end.getTime())
          ? "Say until which day; it ends by itself."
          : end.getTime() <= Date.now()
            ? "That day is over."
            : "";
  const send = async (event: Event) => {
    event.preventDefault();
    if (why) return;
    try {
      const given = { delegate: delegate.value.trim(), until: end.toISOString() };
      await addAbsence({
        ...given,
        ...(person.value.trim() ? { person: person.value.trim() } : {}),
        ...(comment.value.trim() ? { comment: comment.value.trim() } : {}),
      });
      for (const field of [person, delegate, until, comment]) field.value = "";
      done();
    } catch (cause) {
      failed(cause);
    }
  };
  return (
    <Card title="Hand over">
      <form class="stack" onSubmit={(event) => void send(event)}>
        <p class="small sub">
          Who stands in sees the requests that ask the other, and approves in their place, until the day is over.
        </p>
        {forOthers && (
          <Field
            id="away-person"
            name="Who is away, if not you"
            value={person.value}
            change={(value) => (person.value = value)}
          />
        )}
        <Field
          id="away-delegate"
          name="Who stands in"
          value={delegate.value}
          change={(value) => (delegate.value = value)}
        />
        <Field
          id="away-until"
          name="Until the end of"
          day
          value={until.value}
          change={(value) => (until.value = value)}
        />
        <Field
          id="away-comment"
          name="Why (optional)"
          value={comment.value}
          change={(value) => (comment.value = value)}
        />
        <div class="row">
          <button type="submit" class="btn pri" aria-disabled={why !== ""} aria-describedby="away-why">
            Hand over
          </button>
          <span class="small dim" id="away-why">
            {why}
          </span>
        </div>
      </form>
    </Card>
  );
}

function End({ absence, done }: { absence: Absence; done: () => void }) {
  const mine = [absence.person.id, absence.by?.id].includes(me.value?.id);
  if (!mine && !may("policy-write")) return null;
  const end = async () => {
    const values = await ask({
      title: "End it before its time?",
      text: `${visibleLine(absence.delegate)} then stands in for ${visibleLine(absence.person.name)} no more.`,
      verb: "End it",
    });
    if (!values) return;
    await endAbsence(absence.id).catch(failed);
    done();
  };
  return (
    <button type="button" class="btn sm" onClick={() => void end()}>
      End it
    </button>
  );
}

export function Away() {
  const asked = useAsk("absences", listAbsences);
  const rows = asked.answer.value;
  return (
    <div class="side">
      <Card title="Who is away" bare>
        <Awaiting of={asked} what="who is away" />
        {rows && rows.length === 0 && <p class="pad small sub">Nobody is away.</p>}
        {rows && rows.length > 0 && (
          <Table
            caption="Who is away"
            rows={rows}
            keyOf={(one) => one.id}
            columns={[
              { name: "Away", cell: (one) => <Person person={one.person.name} /> },
              { name: "Stands in", cell: (one) => <Person person={one.delegate} /> },
              { name: "From", class: "lo", cell: (one) => <Ago at={one.from} /> },
              {
                name: "Until",
                cell: (one) => (
                  <time title={exact(parseTime(one.until))}>
                    {new Date(parseTime(one.until)).toLocaleDateString([], { dateStyle: "medium" })}
                  </time>
                ),
              },
              { name: "Why", class: "grow lo", cell: (one) => visibleLine(one.comment ?? "") },
              { name: "End", class: "right", cell: (one) => <End absence={one} done={asked.again} /> },
            ]}
          />
        )}
      </Card>
      <HandOver done={asked.again} />
    </div>
  );
}
