/** The chain recomputed in this browser: each entry has the hash of the one before, and the server signs the last. */
import { auditKey, readHead, walkAudit, type AuditHead, type AuditLine } from "../../api/audit.ts";

/** "unchecked": this browser knows no Ed25519. */
export type Signed = "holds" | "broken" | "unchecked";

export interface Chain {
  entries: number;
  since?: string;
  /** When it was looked at, in milliseconds. */
  at: number;
  /** The first entry that is not what the next one says, or a gap. */
  brokenAt?: number;
  signed?: Signed;
}

export const canHash = (): boolean => "subtle" in crypto;

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** RFC 8785, as far as a head needs it: names in ASCII, no fractions. */
function canonical(value: Record<string, unknown>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));
}

async function isSigned(head: AuditHead): Promise<Signed> {
  const { signature, ...said } = head;
  const pem = (await auditKey()).replace(/-----[^-]+-----|\s/g, "");
  try {
    const key = await crypto.subtle.importKey("spki", bytesOf(pem), { name: "Ed25519" }, false, ["verify"]);
    const text = new TextEncoder().encode(canonical(said));
    return (await crypto.subtle.verify({ name: "Ed25519" }, key, bytesOf(signature), text)) ? "holds" : "broken";
  } catch {
    return "unchecked";
  }
}

/** Where a page of entries does not go on from `before`, the last entry and its hash; undefined: it does. */
function breakIn(page: AuditLine[], hashes: string[], before: { seq: number; hash: string } | undefined) {
  for (const [index, line] of page.entries()) {
    const seq = index > 0 ? page[index - 1]?.entry.seq : before?.seq;
    const hash = index > 0 ? hashes[index - 1] : before?.hash;
    if (seq === undefined ? line.entry.seq !== 1 : line.entry.seq !== seq + 1 || line.entry.prev !== hash)
      return seq ?? line.entry.seq;
  }
  return undefined;
}

/** Looks at every entry; `progress` hears how many were looked at. */
export async function checkChain(progress: (entries: number) => void, signal: AbortSignal): Promise<Chain> {
  const chain: Chain = { entries: 0, at: Date.now() };
  let before: { seq: number; hash: string } | undefined;
  for await (const page of walkAudit(signal)) {
    const hashes = await Promise.all(page.map((line) => sha256(line.text)));
    const broken = breakIn(page, hashes, before);
    chain.since ??= page[0]?.entry.at ?? "";
    chain.entries += page.length;
    chain.at = Date.now();
    if (broken !== undefined) return { ...chain, brokenAt: broken };
    before = { seq: page[page.length - 1]?.entry.seq ?? 0, hash: hashes[hashes.length - 1] ?? "" };
    progress(chain.entries);
  }
  const text = before && (await readHead(before.seq));
  if (!text || !before) return chain;
  const head = JSON.parse(text) as AuditHead;
  const isIts = head.hash === before.hash && head.seq === before.seq;
  return { ...chain, signed: isIts ? await isSigned(head) : "broken" };
}

/** All of it with a signed head at its end, as `sallyport audit export` writes it. */
export async function exportLog(progress: (entries: number) => void): Promise<Blob> {
  const parts: string[] = [];
  let entries = 0;
  let last = 0;
  for await (const page of walkAudit()) {
    parts.push(page.map((line) => `${line.text}\n`).join(""));
    entries += page.length;
    last = page[page.length - 1]?.entry.seq ?? last;
    progress(entries);
  }
  const head = last > 0 ? await readHead(last) : undefined;
  if (head) parts.push(`${head}\n`);
  return new Blob(parts, { type: "application/jsonl" });
}
