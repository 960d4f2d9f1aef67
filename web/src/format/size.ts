/** Sizes, counts and hashes for people. Pure. */

/** "231 B", "41.2 kB", "3.1 MB". */
export function bytes(count: number): string {
  if (!Number.isFinite(count)) return "–";
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}

/** "143 MiB": memory, by powers of two. */
export function mebibytes(count: number): string {
  const value = count / 1048576;
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} MiB`;
}

/** "48,214" */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** "1 file", "2 files". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** First and last eight digits of a hash. */
export function shortHash(hash: string): string {
  return hash.length > 20 ? `${hash.slice(0, 8)}…${hash.slice(-8)}` : hash;
}

/** The first part of a GUID; of other ids as much as a line can take. */
export function shortId(id: string): string {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(id)) return id.slice(0, 8);
  return id.length > 28 ? `${id.slice(0, 27)}…` : id;
}
