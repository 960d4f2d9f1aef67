import type { Effects, FileChange, NamedHost, Run } from "../api/types.ts";
import { filesWords, hostWords, notReportedWords, socketWords } from "../format/effects.ts";
import { bytes, count, mebibytes, plural, shortHash } from "../format/size.ts";
import { visible, visibleLine } from "../format/text.ts";
import { duration } from "../format/time.ts";
import { Card, Note, NotReported, Pairs } from "./Box.tsx";
import { Table } from "./Table.tsx";

const UNREPORTED = <NotReported />;

/** The first thing to know: whether it tried what it may not. */
function Verdict({ effects }: { effects: Effects }) {
  const attempts = effects.network?.attempts;
  const refused = effects.refused?.count;
  if (attempts === 0 && refused === 0)
    return (
      <Note tone="ok">
        <b>Clean.</b> No network attempt, no refused call. Measured from outside the session.
      </Note>
    );
  return (
    <>
      {attempts !== undefined && attempts > 0 && (
        <Note tone="bad" icon="net">
          <b>Tried the network {plural(attempts, "time")}, blocked each time.</b> The session has no network. No byte
          got out.
        </Note>
      )}
      {attempts === 0 && refused !== undefined && refused > 0 && (
        <Note tone="bad">
          <b>{plural(refused, "call")} refused.</b> It asked for what a session may not have. Nothing came of it.
        </Note>
      )}
    </>
  );
}

function Network({ network, where }: { network: NonNullable<Effects["network"]>; where: string }) {
  return (
    <Card
      title="Network attempts"
      bare
      foot="Measured from outside the session. No address: there was no socket to connect."
    >
      <Table
        caption={`Network attempts ${where}`}
        rows={network.calls}
        keyOf={(one) => `${one.family} ${one.type}`}
        columns={[
          { name: "Family", cell: (one) => visibleLine(socketWords(one.family, one.type).family) },
          { name: "Type", class: "grow", cell: (one) => visibleLine(socketWords(one.family, one.type).type) },
          { name: "Times", class: "num", cell: (one) => count(one.count) },
        ]}
      />
    </Card>
  );
}

/** Beside what was measured, and marked: nobody but the code says it. */
function Named({ said, where }: { said: NonNullable<Effects["ownWord"]>; where: string }) {
  const more = said.moreHosts ? `${plural(said.moreHosts, "more time")} others. ` : "";
  return (
    <Card
      title="Hosts that the code named"
      bare
      foot={`${more}The code’s own word, not measured: it can leave out hosts and make them up.`}
    >
      <Table
        caption={`Hosts that the code named ${where}`}
        rows={said.hosts}
        keyOf={hostWords}
        columns={[
          {
            name: "Host",
            class: "grow",
            cell: (one: NamedHost) => <span class="mono">{visibleLine(hostWords(one))}</span>,
          },
          { name: "Times", class: "num", cell: (one) => count(one.count) },
        ]}
      />
    </Card>
  );
}

function Refused({ refused, where }: { refused: NonNullable<Effects["refused"]>; where: string }) {
  return (
    <Card title="Refused calls" bare>
      <Table
        caption={`Refused calls ${where}`}
        rows={refused.calls}
        keyOf={(one) => one.call}
        columns={[
          { name: "Call", class: "grow", cell: (one) => <span class="mono">{visibleLine(one.call)}</span> },
          { name: "Times", class: "num", cell: (one) => count(one.count) },
        ]}
      />
    </Card>
  );
}

/** What of the changes is not in the table below: never less than is missing. */
function untold(files: NonNullable<Effects["files"]>): string {
  const more = files.count - files.changes.length;
  const parts: string[] = [];
  if (more > 0) parts.push(`${plural(more, "more change")} counted, not told one by one.`);
  if (files.unseen)
    parts.push(`${plural(files.unseen, "link or special file", "links and special files")} not looked into.`);
  return parts.join(" ");
}

function Files({ files, where }: { files: NonNullable<Effects["files"]>; where: string }) {
  const rest = untold(files);
  return (
    <Card title={`Files, ${filesWords(files)}`} bare {...(rest === "" ? {} : { foot: rest })}>
      {files.changes.length === 0 ? (
        <p class="pad small sub">No file below /mnt/data was made, changed or removed.</p>
      ) : (
        <Table
          caption={`Files touched ${where}`}
          rows={files.changes}
          keyOf={(one) => one.path}
          columns={[
            { name: "Change", cell: (one: FileChange) => visibleLine(one.change) },
            { name: "Path", class: "grow", cell: (one) => <span class="mono">{visibleLine(one.path)}</span> },
            { name: "Size", class: "num", cell: (one) => (one.bytes === undefined ? "–" : bytes(one.bytes)) },
            {
              name: "SHA-256",
              class: "lo mono dim",
              cell: (one) => (one.sha256 ? <span title={one.sha256}>{shortHash(one.sha256)}</span> : "–"),
            },
          ]}
        />
      )}
    </Card>
  );
}

function processesWords(processes: Effects["processes"]) {
  if (!processes) return UNREPORTED;
  const { started, mostAtOnce } = processes;
  return [
    started === undefined ? undefined : `${count(started)} started`,
    mostAtOnce === undefined ? undefined : `${count(mostAtOnce)} at once`,
  ]
    .filter(Boolean)
    .join(", ");
}

function outputWords(output: Effects["output"]) {
  if (!output) return UNREPORTED;
  const written = `${bytes(output.stdoutBytes)} to stdout, ${bytes(output.stderrBytes)} to stderr`;
  return output.cutBytes > 0 ? `${written}; ${bytes(output.cutBytes)} of it cut` : `${written}; nothing cut`;
}

function Use({ run, effects }: { run: Run; effects: Effects }) {
  const known = <Value,>(value: Value | undefined, show: (value: Value) => string) =>
    value === undefined ? UNREPORTED : show(value);
  return (
    <Card title="Use">
      <Pairs
        pairs={[
          ["Memory, most", known(effects.memoryPeakBytes, mebibytes)],
          ["CPU", known(effects.cpuMicroseconds, (time) => duration(time / 1000))],
          ["Wall", known(effects.wallMicroseconds, (time) => duration(time / 1000))],
          ["Processes", processesWords(effects.processes)],
          ["Written", outputWords(effects.output)],
          ["Ended", visible(run.words ?? effects.ended ?? "") || UNREPORTED],
        ]}
      />
    </Card>
  );
}

function Unreported({ effects }: { effects: Effects }) {
  const names = notReportedWords(effects);
  if (names.length === 0) return null;
  return (
    <p class="small sub">
      <NotReported />: {names.map(visibleLine).join(", ")}. This machine or this run could not measure that; it is not
      the same as none.
    </p>
  );
}

/** What a run did, as it was measured from outside its session, and whom its code says that it wanted to reach. */
export function EffectsView({ run }: { run: Run }) {
  const effects = run.effects;
  const where = `in run ${run.number}`; // a page may show several
  if (!effects)
    return (
      <Note tone="plain">
        <b>Not reported.</b>{" "}
        {run.ended === undefined
          ? "The run is not over."
          : "Nobody measured this run from outside its session: its pool is a foreign one, or it is one of many."}{" "}
        What it printed is the code’s own word.
        {run.words && <p class="sub">{visible(run.words)}</p>}
      </Note>
    );
  return (
    <>
      <Verdict effects={effects} />
      {effects.network && effects.network.calls.length > 0 && <Network network={effects.network} where={where} />}
      {effects.ownWord && effects.ownWord.hosts.length > 0 && <Named said={effects.ownWord} where={where} />}
      {effects.refused && effects.refused.calls.length > 0 && <Refused refused={effects.refused} where={where} />}
      {effects.files && <Files files={effects.files} where={where} />}
      <Use run={run} effects={effects} />
      <Unreported effects={effects} />
    </>
  );
}
