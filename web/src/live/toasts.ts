/** Short notices at the edge of the page: at most three, each for a while. */
import { signal } from "@preact/signals";
import type { Tone } from "../format/tone.ts";

export interface Toast {
  number: number;
  tone: Tone;
  title: string;
  detail?: string;
}

export const toasts = signal<Toast[]>([]);
let last = 0;
const MOST = 3;

export function toast(tone: Tone, title: string, detail?: string | undefined): void {
  const next: Toast = { number: ++last, tone, title, ...(detail === undefined ? {} : { detail }) };
  toasts.value = [...toasts.value, next].slice(-MOST);
}

export function dismiss(number: number): void {
  toasts.value = toasts.value.filter((one) => one.number !== number);
}
