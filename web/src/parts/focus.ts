/** Focus is never lost: when what has it leaves the page, it goes to what took its place in a list, else to what held it. */

const FOCUSABLE = 'a[href],button:not([disabled]),input,select,textarea,[tabindex="0"]';
const LISTS = new Set(["UL", "OL", "TBODY"]);

interface Step {
  parent: Element;
  /** Where in its parent the way to the focused element went on. */
  index: number;
}

let last: Element | undefined;
let way: Step[] = [];

function wayTo(element: Element): Step[] {
  const steps: Step[] = [];
  for (let child = element; child.parentElement; child = child.parentElement)
    steps.push({ parent: child.parentElement, index: [...child.parentElement.children].indexOf(child) });
  return steps;
}

export function focusMain(): void {
  document.getElementById("main")?.focus({ preventScroll: true });
}

/** The same place of the list, or its last one when the list became shorter. */
function inList(list: Element, index: number): HTMLElement | null | undefined {
  const row = list.children[Math.min(index, list.children.length - 1)];
  return row?.querySelector<HTMLElement>(FOCUSABLE);
}

function land(): void {
  const step = way.find((one) => one.parent.isConnected);
  const heir = step && LISTS.has(step.parent.tagName) ? inList(step.parent, step.index) : undefined;
  const holder = step?.parent.closest<HTMLElement>("[tabindex]");
  if (heir) heir.focus();
  else if (holder) holder.focus({ preventScroll: true });
  else focusMain();
}

function isLost(): boolean {
  return last !== undefined && !last.isConnected && document.activeElement === document.body;
}

/** Somebody who clicks beside it has given the focus away; a removal has not, and is seen by what follows it. */
function onFocusOut(): void {
  queueMicrotask(() => {
    if (last?.isConnected && document.activeElement === document.body) last = undefined;
  });
}

export function startFocus(): void {
  addEventListener("focusin", (event) => {
    if (!(event.target instanceof Element)) return;
    last = event.target;
    way = wayTo(last);
  });
  addEventListener("focusout", onFocusOut);
  new MutationObserver(() => {
    if (isLost()) land();
  }).observe(document.body, { childList: true, subtree: true });
}
