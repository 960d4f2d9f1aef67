import { useEffect } from "preact/hooks";
import { held, waiting } from "../live/requests.ts";

/** The window's title: how many wait, and where one is. */
export function useTitle(title: string): void {
  const count = waiting.value.length + held.value.size;
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ""}${title} · Sallyport`;
  }, [title, count]);
}
