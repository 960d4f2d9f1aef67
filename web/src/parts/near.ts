/** Whether a row is near what one sees, and has been for a moment: what is scrolled past is not asked for. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

const STAYS_MS = 150;

export function useNear<Row extends Element>() {
  const element = useRef<Row>(null);
  const near = useSignal(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        clearTimeout(timer);
        const isNear = entries[entries.length - 1]?.isIntersecting ?? false;
        if (isNear) timer = setTimeout(() => (near.value = true), STAYS_MS);
        else near.value = false;
      },
      { rootMargin: "200px" },
    );
    if (element.current) observer.observe(element.current);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [near]);
  return { element, near: near.value };
}
