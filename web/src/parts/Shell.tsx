import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { plural } from "../format/size.ts";
import { eventsTold, liveState, lostAt, tryNow } from "../live/connection.ts";
import { countWords, held, waiting } from "../live/waiting.ts";
import { hasRequests, hasScheduler, has, known, me } from "../live/server.ts";
import { dismiss, toasts, type Toast } from "../live/toasts.ts";
import { href, place } from "../route.ts";
import { Icon, Mark } from "./Icon.tsx";
import type { IconName } from "./icons.ts";
import { openPalette } from "./Palette.tsx";
import { Colours } from "./Colours.tsx";

interface Item {
  path: string;
  name: string;
  icon: IconName;
  group?: string;
  there: () => boolean;
}

const audited = () => has("/v1/audit");
const isKnown = () => known.value;
/** A task scheduler alone has no sessions. */
const runsCode = () => known.value && (hasRequests.value || !hasScheduler.value);

/** The pages, as the rail lists them. */
export const ITEMS: Item[] = [
  { path: "/", name: "Inbox", icon: "inbox", there: () => hasRequests.value },
  { path: "/submit", name: "Submit", icon: "submit", there: () => hasRequests.value },
  { path: "/runs", name: "Runs", icon: "runs", there: () => hasRequests.value },
  {
    path: "/orchestrations",
    name: "Orchestrations",
    icon: "orch",
    group: "Scheduler",
    there: () => hasScheduler.value,
  },
  { path: "/entities", name: "Entities", icon: "entity", group: "Scheduler", there: () => hasScheduler.value },
  { path: "/workers", name: "Workers", icon: "worker", group: "Scheduler", there: () => hasScheduler.value },
  { path: "/sessions", name: "Sessions and pools", icon: "session", group: "Sandbox", there: runsCode },
  { path: "/policies", name: "Policies", icon: "policy", group: "Govern", there: () => hasRequests.value },
  { path: "/audit", name: "Audit", icon: "audit", group: "Govern", there: audited },
  { path: "/people", name: "People and keys", icon: "user", group: "Govern", there: isKnown },
  { path: "/webhooks", name: "Webhooks", icon: "hook", group: "Govern", there: () => hasRequests.value },
  { path: "/api", name: "API", icon: "api", group: "Govern", there: isKnown },
];

function isCurrent(path: string): boolean {
  const first = `/${place.value.segments[0] ?? ""}`;
  return (
    path === first || (path === "/" && first === "/requests") || (path === "/orchestrations" && first === "/instances")
  );
}

const LIVE_WORDS = { starting: "Connecting", live: "Live", lost: "Not live", asking: "Asks every 3 s" } as const;

const Live = ({ bar }: { bar?: boolean }) => (
  <span
    class={`live ${liveState.value === "lost" ? "off" : ""} ${bar ? "menu-btn" : ""}`}
    title={`${plural(eventsTold.value, "event")} since this page was opened`}
  >
    <span class="t">{LIVE_WORDS[liveState.value]}</span>
  </span>
);

function Nav() {
  const count = waiting.value.length + held.value.size;
  const shown = ITEMS.filter((item) => item.there());
  return (
    <nav class="nav" aria-label="Main">
      {shown.map((item, index) => (
        <>
          {item.group && item.group !== shown[index - 1]?.group && <h2>{item.group}</h2>}
          <a href={href(item.path)} title={item.name} aria-current={isCurrent(item.path) ? "page" : undefined}>
            <Icon name={item.icon} />
            <span class="t">{item.name}</span>
            {item.path === "/" && count > 0 && (
              <span class="n held" role="img" aria-label={`${countWords(count)} waiting`}>
                {countWords(count)}
              </span>
            )}
          </a>
        </>
      ))}
    </nav>
  );
}

function Rail() {
  const open = useSignal(false);
  const path = place.value.path;
  useEffect(() => {
    open.value = false;
  }, [path, open]);
  const who = me.value;
  return (
    <header class={open.value ? "rail open" : "rail"} id="rail">
      <a class="brand" href={href("/")} aria-label="Sallyport, inbox">
        <Mark />
        <span class="t">Sallyport</span>
      </a>
      <Live bar />
      <button
        type="button"
        class="btn sm icon menu-btn"
        aria-label="Menu"
        aria-expanded={open.value}
        aria-controls="rail"
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="menu" />
      </button>
      <button type="button" class="jump" aria-keyshortcuts="Control+K" title="Jump to anything" onClick={openPalette}>
        <Icon name="search" />
        <span class="t">Jump to…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Nav />
      <div class="rail-foot">
        <div class="row">
          <Live />
          <Colours />
        </div>
        {who && (
          <div class="row">
            <a class="who" href={href("/people")} title={who.name}>
              <span class="av" aria-hidden="true">
                {(who.id === "local" ? "L" : who.name.slice(0, 1)).toUpperCase()}
              </span>
              <span class="t cut">{who.id === "local" ? "local" : who.name}</span>
            </a>
          </div>
        )}
      </div>
    </header>
  );
}

/** Whatever is shown may be old; also where a page stands alone. */
export function Banner() {
  if (liveState.value !== "lost") return null;
  const since = lostAt.value ?? Date.now();
  return (
    <div class="banner" role="alert">
      <Icon name="warn" />
      <span>
        <b>Connection lost</b> at {new Date(since).toLocaleTimeString()}. What you see may be old. The page tries again;
        votes are kept back until then.
      </span>
      <button type="button" class="btn sm end" onClick={tryNow}>
        Try now
      </button>
    </div>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  const stays = useSignal(false);
  useEffect(() => {
    if (stays.value) return undefined;
    const timer = setTimeout(() => dismiss(toast.number), 6000);
    return () => clearTimeout(timer);
  }, [toast.number, stays.value]);
  return (
    <div
      class="toast"
      onMouseEnter={() => (stays.value = true)}
      onMouseLeave={() => (stays.value = false)}
      onFocusCapture={() => (stays.value = true)}
      onBlurCapture={() => (stays.value = false)}
    >
      <span class={`is-${toast.tone}`}>
        <Icon name={toast.tone === "bad" ? "warn" : "ok"} />
      </span>
      <div>
        <b>{toast.title}</b>
        {toast.detail && (
          <>
            <br />
            <span class="sub small">{toast.detail}</span>
          </>
        )}
      </div>
      <button type="button" class="copy end" aria-label="Dismiss" onClick={() => dismiss(toast.number)}>
        <Icon name="x" />
      </button>
    </div>
  );
}

export const Toasts = () => (
  <div class="toasts" role="status">
    {toasts.value.map((one) => (
      <OneToast key={one.number} toast={one} />
    ))}
  </div>
);

/** The frame around every page; `slim` leaves the room to a review. */
export function Shell({ slim, children }: { slim: boolean; children: ComponentChildren }) {
  return (
    <div class={slim ? "app slim" : "app"}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to content
      </a>
      <Banner />
      <Rail />
      {children}
    </div>
  );
}
