import { useEffect } from "preact/hooks";
import { countWords, held, waiting } from "../live/waiting.ts";

/** The window's title: how many wait, and where one is. */
export function useTitle(title: string): void {
  const known = waiting.value.length + held.value.size;
  const count = known > 0 ? `(${countWords(known)}) ` : "";
  useEffect(() => {
    document.title = `${count}${title} · Sallyport`;
  }, [title, count]);
}
