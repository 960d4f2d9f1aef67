/** The words of a policy that the form has, as doc/policy.md says them: test/page/bundle_test.py holds one against the other. */

export interface Demand {
  key: string;
  /** What it may be; else a text. */
  options?: string[];
  /** Several, separated by commas. */
  list?: boolean;
  what: string;
}

/** In the defaults, and in rules that ask. */
export const DEMANDS: Demand[] = [
  { key: "approvals", what: "how many different people must approve; 1 where it is not said" },
  {
    key: "reviewers",
    list: true,
    what: "whose approval counts; those of the defaults where it is not said, and anyone who has the right to decide where those do not say it",
  },
  {
    key: "gate",
    options: ["after", "before", "both"],
    what: "when people are asked: after the run, whose result is held; before it; or both",
  },
  { key: "timeout", what: "how long people have; without it the server's setting approval-timeout" },
  {
    key: "self_approval",
    options: ["false", "alone", "true"],
    what: "may submitters, and those they submit for, approve; alone: only where there is no sign-in, so that there is one person",
  },
  {
    key: "on_timeout",
    options: ["fail", "reject"],
    what: "what becomes of a request that nobody decided in time; there is no approve",
  },
  {
    key: "on_failure",
    options: ["ask", "fail"],
    what: "what becomes of code that raised: people are asked, or the request fails",
  },
  { key: "comment", list: true, what: "answers that need a comment" },
  { key: "blind", options: ["true", "false"], what: "nobody sees the votes of others before the request is decided" },
  {
    key: "allow_outside_events",
    options: ["true", "false"],
    what: "does HumanApproval of another client of the scheduler decide, without a name",
  },
  {
    key: "live_output",
    options: ["true", "false"],
    what: "may submitters read the output while the code runs, before anybody approved",
  },
  { key: "retention", what: "how long code, inputs and outputs are kept; the hashes stay" },
  {
    key: "remember",
    options: ["never", "bytes", "tree"],
    what: 'what "approve and remember" may make: nothing, a standing approval of these bytes, or of this syntax tree',
  },
  { key: "remember_for", what: "how long such a standing approval lasts at most" },
  { key: "reminders", list: true, what: "when people are reminded, before the deadline" },
  { key: "escalate", list: true, what: "who is asked besides, from the first reminder on" },
];

export interface ConditionWord {
  name: string;
  /** Known only once the code has run. */
  after?: boolean;
  takes: "texts" | "texts only" | "pattern" | "number" | "bytes" | "duration" | "ago" | "time";
  what: string;
}

export const CONDITIONS: ConditionWord[] = [
  { name: "submitter", takes: "texts", what: "who submitted it, by id, name or mail" },
  { name: "on_behalf_of", takes: "texts", what: "whom an agent submitted it for" },
  { name: "key", takes: "texts", what: "the name of the API key that was used" },
  { name: "groups", takes: "texts", what: "a group that the submitter is in" },
  { name: "roles", takes: "texts", what: "a role of the submitter" },
  { name: "labels.NAME", takes: "texts", what: "a label of the request; labels.env is the one called env" },
  { name: "language", takes: "texts", what: "the language of the code" },
  { name: "purpose", takes: "texts", what: "the purpose in the submitter's words" },
  { name: "session", takes: "texts", what: "the named session that it runs in" },
  { name: "revision", takes: "number", what: "the number of the revision" },
  { name: "code_matches", takes: "pattern", what: "the code holds what the pattern describes" },
  { name: "code.sha256", takes: "texts", what: "the SHA-256 of the code, in hexadecimal" },
  { name: "code.size", takes: "bytes", what: "the size of the code" },
  { name: "inputs.paths", takes: "texts", what: "the path of an input file" },
  { name: "inputs.count", takes: "number", what: "how many input files there are" },
  { name: "inputs.size", takes: "bytes", what: "the size of all input files" },
  {
    name: "imports",
    takes: "texts",
    what: "a module that the code imports, or a name that it imports from one, such as os.path",
  },
  {
    name: "imports_only",
    takes: "texts only",
    what: "all modules that the code imports, and names that it imports from them, are among these",
  },
  {
    name: "calls",
    takes: "texts",
    what: "a name that the code calls, or takes from a module, such as os.system; ? stands for what has no name",
  },
  { name: "calls_only", takes: "texts only", what: "all such names are among these" },
  { name: "code.tree", takes: "texts", what: "the SHA-256 of the code's syntax tree" },
  { name: "exact_repeat", takes: "ago", what: "the same code, inputs and template were approved in the last…" },
  {
    name: "near_repeat",
    takes: "ago",
    what: "code with the same syntax tree was approved in the last…; inputs may be others",
  },
  { name: "standing", takes: "texts", what: "a standing approval that covers it" },
  { name: "time_of_day", takes: "time", what: "the time of the submission, UTC" },
  { name: "weekday", takes: "texts", what: "the day of the submission, UTC" },
  { name: "status", after: true, takes: "texts", what: "how the run ended" },
  { name: "ended", after: true, takes: "texts", what: "why the run ended, as the pool says it" },
  { name: "duration", after: true, takes: "duration", what: "how long the run took" },
  { name: "result.size", after: true, takes: "bytes", what: "the size of the result" },
  { name: "output.size", after: true, takes: "bytes", what: "the size of what it printed" },
  { name: "effects.network.attempts", after: true, takes: "number", what: "attempts to reach the network" },
  { name: "effects.network.addresses", after: true, takes: "texts", what: "an address that it tried, with its port" },
  {
    name: "effects.network.hosts",
    after: true,
    takes: "texts",
    what: "a host that the code named when it wanted to reach one, with its port: its own word, which it can hide or make up; not in a rule that allows",
  },
  { name: "effects.refused.calls", after: true, takes: "number", what: "system calls that were refused" },
  { name: "effects.refused.names", after: true, takes: "texts", what: "the name of a system call that was refused" },
  { name: "effects.processes.started", after: true, takes: "number", what: "processes that it started" },
  {
    name: "effects.processes.most",
    after: true,
    takes: "number",
    what: "the most processes that it had at once, its own among them",
  },
  { name: "effects.processes", after: true, takes: "number", what: "the older name of effects.processes.started" },
  { name: "effects.memory", after: true, takes: "bytes", what: "the most memory that it used" },
  { name: "effects.cpu", after: true, takes: "duration", what: "processor time" },
  { name: "files.made", after: true, takes: "number", what: "files that it made" },
  { name: "files.changed", after: true, takes: "number", what: "files that it changed" },
  { name: "files.removed", after: true, takes: "number", what: "files that it removed" },
  { name: "files.size", after: true, takes: "bytes", what: "the size of all files made or changed" },
  { name: "files.paths", after: true, takes: "texts", what: "the path of a file made, changed or removed" },
];

/** How each is written. */
export const TAKES: Record<ConditionWord["takes"], string> = {
  texts: "One in each line, of which one must fit; * stands for anything; != in front: none fits.",
  "texts only": "One in each line; * stands for anything.",
  pattern: "A regular expression in each line.",
  number: "Such as 2, > 0 or 2..5.",
  bytes: "Such as > 4M or 1K..2K.",
  duration: "Such as > 30s or 1s..2m.",
  ago: "Such as 30d: not longer ago.",
  time: "Such as 22:00-06:00, UTC.",
};
