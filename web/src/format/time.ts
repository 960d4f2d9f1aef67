/** Times for people: relative, exact, and how long something took. Pure; the clock comes as an argument. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds of an RFC 3339 time; NaN if it is none. More than three digits of the second are cut. */
export function parseTime(text: string | undefined): number {
  return text === undefined ? NaN : Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
}

/** "0.41 s", "22 s", "3 min 31 s", "2 d 5 h": at most two units. */
export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "–";
  const value = Math.max(0, milliseconds);
  if (value < SECOND) return value < 10 ? `${round(value, 1)} ms` : `${Math.round(value)} ms`;
  if (value < 10 * SECOND) return `${round(value / SECOND, 2)} s`;
  if (value < MINUTE) return `${Math.round(value / SECOND)} s`;
  if (value < HOUR) return two(value, MINUTE, "min", SECOND, "s");
  if (value < DAY) return two(value, HOUR, "h", MINUTE, "min");
  return two(value, DAY, "d", HOUR, "h");
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function two(value: number, large: number, largeName: string, small: number, smallName: string): string {
  const first = Math.floor(value / large);
  const second = Math.floor((value % large) / small);
  return second > 0 && first < 100 ? `${first} ${largeName} ${second} ${smallName}` : `${first} ${largeName}`;
}

/** "now", "22 min ago", "in 3 h": one unit. */
export function relative(time: number, now: number): string {
  if (!Number.isFinite(time)) return "–";
  const distance = Math.abs(now - time);
  if (distance < 5 * SECOND) return "now";
  const text = oneUnit(distance);
  return time <= now ? `${text} ago` : `in ${text}`;
}

/** "38 min", "3 h 19 min": what is left of a deadline. */
export function left(deadline: number, now: number): string {
  const rest = deadline - now;
  if (rest <= 0) return "over";
  return rest < HOUR
    ? oneUnit(rest)
    : two(rest, rest < DAY ? HOUR : DAY, rest < DAY ? "h" : "d", rest < DAY ? MINUTE : HOUR, rest < DAY ? "min" : "h");
}

function oneUnit(distance: number): string {
  if (distance < MINUTE) return `${Math.round(distance / SECOND)} s`;
  if (distance < HOUR) return `${Math.floor(distance / MINUTE)} min`;
  if (distance < DAY) return `${Math.floor(distance / HOUR)} h`;
  return `${Math.floor(distance / DAY)} d`;
}

/** Both clocks, exact: what a hover shows. */
export function exact(time: number): string {
  if (!Number.isFinite(time)) return "";
  const date = new Date(time);
  return `${date.toISOString().replace("T", " ").replace("Z", " UTC")}, here ${date.toLocaleString()}`;
}

/** The time of day with milliseconds, in UTC. */
export function clock(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString().slice(11, 23) : "–";
}

/** The local time of day, with the date when it is another day than `now`. */
export function wall(time: number, now: number): string {
  if (!Number.isFinite(time)) return "–";
  const date = new Date(time);
  const day = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const same = new Date(now).toDateString() === date.toDateString();
  return same ? day : `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${day}`;
}
