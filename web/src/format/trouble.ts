/** What went wrong between the page and its server, in words for people, and what mends it. Pure. */

export interface Failed {
  title: string;
  detail: string;
  /** Of HTTP; 0: the server did not answer; -1: it is the page's own fault. */
  status: number;
}

export interface Trouble {
  title: string;
  detail: string;
  /** It goes by itself, sooner or later: the page asks again without being told to. */
  passes: boolean;
  /** Somebody else may see it, or whoever asks once they are known. */
  signIn: "" | "Sign in" | "Sign in as somebody else";
}

interface Row {
  from: number;
  to: number;
  /** `what`: what was asked for, such as "the runs". */
  title: (failed: Failed, what: string) => string;
  detail: (failed: Failed) => string;
  passes?: boolean;
  signIn?: Trouble["signIn"];
}

const told = (failed: Failed) => failed.detail;
/** The server's own words, both of them, behind words of the page's. */
const both = ({ title, detail }: Failed) => (detail === "" ? `${title}.` : `${title}: ${detail}`);

/** The first that fits. */
const ROWS: Row[] = [
  { from: 0, to: 0, title: (failed) => failed.title, detail: told, passes: true },
  { from: 401, to: 401, title: () => "You are not signed in", detail: told, signIn: "Sign in" },
  {
    from: 403,
    to: 403,
    title: (_failed, what) => `You may not see ${what}`,
    detail: both,
    signIn: "Sign in as somebody else",
  },
  {
    from: 404,
    to: 404,
    title: (_failed, what) => `Not found: ${what}`,
    detail: (failed) => `${both(failed)} It may be gone, or you may not see it.`,
  },
  { from: 429, to: 429, title: (failed) => failed.title, detail: told, passes: true },
  { from: 502, to: 504, title: (failed) => failed.title, detail: told, passes: true },
  { from: 500, to: 599, title: (_failed, what) => `The server failed to answer with ${what}`, detail: both },
];

/** Of a question, `what` says for what; of an attempt to change something the server's own words stand, and nothing is sent twice. */
export function troubleOf(failed: Failed, what: string | undefined): Trouble {
  const row = ROWS.find((one) => failed.status >= one.from && failed.status <= one.to);
  return {
    title: row && what !== undefined ? row.title(failed, what) : failed.title,
    detail: row && what !== undefined ? row.detail(failed) : failed.detail,
    passes: what !== undefined && (row?.passes ?? false),
    signIn: row?.signIn ?? "",
  };
}

const FIRST_MS = 2000;
const MOST_MS = 15_000;

/** How long until the next attempt, after so many: longer each time, so that a server that comes up is not held down. */
export const pauseOf = (tries: number): number => Math.min(FIRST_MS * 2 ** tries, MOST_MS);
