/** Single letters as commands of the view in front. Off while a field has focus, and off for good if a person says so. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const layers: Keys[] = [];
const STORED = "sallyport-letters";

function stored(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

/** Whether single letters do anything. */
export const lettersOn = signal(stored());

export function setLetters(on: boolean): void {
  lettersOn.value = on;
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    /* nothing is kept: it holds for this visit */
  }
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const command = event.ctrlKey || event.metaKey;
  const name = command ? `Ctrl ${event.key.length === 1 ? event.key.toLowerCase() : event.key}` : event.key;
  const letter = !command && event.key.length === 1;
  if (event.altKey || (letter && (isField(event.target) || !lettersOn.value))) return;
  for (let i = layers.length - 1; i >= 0; i--) {
    const act = layers[i]?.[name];
    if (!act) continue;
    if (letter || command) event.preventDefault();
    act(event);
    return;
  }
}

/** The keys of a view while it is there; the latest view has them first. */
export function useKeys(keys: Keys): void {
  useEffect(() => {
    layers.push(keys);
    return () => {
      layers.splice(layers.indexOf(keys), 1);
    };
  });
}

export function startKeys(): void {
  addEventListener("keydown", onKey);
}
