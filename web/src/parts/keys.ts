/** Single letters as commands of the view in front. Off while a field has focus, and off for good if a person says so. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const layers: { current: Keys }[] = [];
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
    const act = layers[i]?.current[name];
    if (!act) continue;
    if (letter || command) event.preventDefault();
    act(event);
    return;
  }
}

/** The keys of a view while it is there; the latest view has them first. They act as of the last rendering and are there as soon
 *  as the view is: a key pressed in the moment after does not reach the view before. */
export function useKeys(keys: Keys): void {
  const layer = useRef(keys);
  layer.current = keys;
  useLayoutEffect(() => {
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
    };
  }, []);
}

export function startKeys(): void {
  addEventListener("keydown", onKey);
}
