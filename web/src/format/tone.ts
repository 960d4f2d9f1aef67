/** What a part means by its colour; never by it alone. */
export type Tone = "plain" | "ink" | "held" | "ok" | "bad";
