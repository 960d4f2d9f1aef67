import "./style/index.css";
import { signal } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Path } from "./api/address.ts";
import type { Failed } from "./format/trouble.ts";
import { startClock } from "./live/clock.ts";
import { startLive } from "./live/connection.ts";
import { startRequests } from "./live/requests.ts";
import { bootFailure, has, hasRequests, hasScheduler, known, whyGone } from "./live/server.ts";
import { signedIn, startSession } from "./live/session.ts";
import { loadWaiting } from "./live/waiting.ts";
import { startTheme } from "./parts/theme.ts";
import { Asked } from "./parts/Ask.tsx";
import { focusMain, startFocus } from "./parts/focus.ts";
import { startKeys, useKeys } from "./parts/keys.ts";
import { KeysHelp, openKeysHelp } from "./parts/KeysHelp.tsx";
import { openPalette, Palette } from "./parts/Palette.tsx";
import { Mark } from "./parts/Icon.tsx";
import { Banner, Shell, Toasts } from "./parts/Shell.tsx";
import { Empty, Failure, Skeleton } from "./parts/Wait.tsx";
import { go, href, place, replace, startRouting } from "./route.ts";
import SignIn from "./pages/signin/index.tsx";
import { ROUTES, type Route } from "./routes.ts";

const SOON_MS = 300; // the first page is drawn by then
const loaded = signal<ReadonlyMap<string, ComponentType>>(new Map());
const broken = signal<{ name: string; failed: Failed } | undefined>(undefined);

/** The server that does not give a part of the page is gone, or another one with other parts. */
const OTHER_PARTS: Failed = {
  title: "This part of the page did not load",
  detail: "The server may have been upgraded since the page was opened.",
  status: -1,
};

async function load(route: Route): Promise<void> {
  if (loaded.value.has(route.name)) return;
  try {
    const module = await route.load?.();
    if (module) loaded.value = new Map(loaded.value).set(route.name, module.default);
  } catch {
    broken.value = { name: route.name, failed: (await whyGone()) ?? OTHER_PARTS };
  }
}

/** Again, and with the whole page: a browser may keep in mind that a part failed. Not while nobody answers, which would end the page. */
async function loadAnew(name: string): Promise<void> {
  const failed = await whyGone();
  if (failed) broken.value = { name, failed };
  else location.reload();
}

function Missing() {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="vh">No such page</h1>
      <Empty title="There is no such page">
        <a class="btn" href={href("/")}>
          To the inbox
        </a>
      </Empty>
    </main>
  );
}

/** Nothing is said of the server before it has said what it is. The frame is that of index.html. */
function Starting() {
  return (
    <div class="app">
      <header class="rail">
        <span class="brand row">
          <Mark />
          <span class="t">Sallyport</span>
        </span>
      </header>
      <main id="main" class="page" tabIndex={-1}>
        <h1 class="vh">Sallyport</h1>
        <Skeleton what="what it is and has" />
      </main>
    </div>
  );
}

/** The part of a server that a view needs, and this one has not. */
const ABSENT: Partial<Record<Path, { title: string; words: string }>> = {
  "/v1/requests": {
    title: "This server takes no requests",
    words: "It is a task scheduler without the app: there is nothing to submit and nothing to decide.",
  },
  "/v1/taskhubs/orchestrations/query": {
    title: "This server has no task scheduler",
    words: "Requests run by the scheduler that its settings name, which has these views itself.",
  },
  "/v1/audit": { title: "This server keeps no audit log", words: "It has no data folder to keep it in." },
};

/** The first view of a server is that of what it has. */
function Absent({ route, needs }: { route: Route; needs: Path }) {
  const leads = route.name === "" && hasScheduler.value;
  useEffect(() => {
    if (leads) replace(href("/orchestrations"));
  }, [leads]);
  const said = ABSENT[needs];
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="vh">{said?.title}</h1>
      {!leads && (
        <Empty title={said?.title ?? "This server has no such part"}>
          <p>{said?.words}</p>
          {needs !== "/v1/taskhubs/orchestrations/query" && hasScheduler.value && (
            <a class="btn" href={href("/orchestrations")}>
              To the orchestrations
            </a>
          )}
        </Empty>
      )}
    </main>
  );
}

function Page({ route }: { route: Route }) {
  const Known = route.page ?? loaded.value.get(route.name);
  const isAbsent = known.value && route.needs !== undefined && !has(route.needs);
  useEffect(() => {
    if (!Known && !isAbsent) void load(route);
  }, [route, Known, isAbsent]);
  if (isAbsent && route.needs) return <Absent route={route} needs={route.needs} />;
  if (Known) return <Known key={route.name} />;
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="vh">Loading</h1>
      {broken.value?.name === route.name ? (
        <Failure failed={broken.value.failed} what="this page" again={() => void loadAnew(route.name)} />
      ) : (
        <Skeleton what="this page" />
      )}
    </main>
  );
}

/** "g" and then a letter goes to a page. */
const PLACES: Record<string, string> = {
  i: "/",
  s: "/submit",
  r: "/runs",
  o: "/orchestrations",
  p: "/policies",
  a: "/audit",
};

function useGlobalKeys(): void {
  useKeys({
    "Ctrl k": openPalette,
    "?": openKeysHelp,
    g: () => {
      const then = (event: KeyboardEvent) => {
        const target = PLACES[event.key];
        if (!target) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        go(href(target));
      };
      addEventListener("keydown", then, { once: true, capture: true });
    },
  });
}

function App() {
  const name = place.value.segments[0] ?? "";
  const route = ROUTES.find((one) => one.name === name);
  useGlobalKeys();
  useLayoutEffect(focusMain, [place.value.path]);
  if (signedIn.value === "out") return <SignIn done={() => void begin()} />;
  if (signedIn.value === "unknown" && !bootFailure.value) return <Starting />;
  if (route?.alone && !bootFailure.value)
    return (
      <>
        <Banner />
        <Page route={route} />
      </>
    );
  return (
    <Shell slim={route?.slim ?? false}>
      {bootFailure.value ? (
        <main id="main" class="page" tabIndex={-1}>
          <h1 class="vh">Sallyport</h1>
          <Failure failed={bootFailure.value} what="what it is and has" again={() => void begin()} />
        </main>
      ) : route ? (
        <Page route={route} />
      ) : (
        <Missing />
      )}
    </Shell>
  );
}

function Root() {
  return (
    <>
      <App />
      <Palette />
      <KeysHelp />
      <Asked />
      <Toasts />
    </>
  );
}

/** All that needs to know who asks. */
async function begin(): Promise<void> {
  const begun = await startLive(() => {
    if (hasRequests.value) void loadWaiting();
  });
  if (!begun) return;
  const isSoon = (route: Route) => route.soon && (!route.needs || has(route.needs));
  setTimeout(() => ROUTES.filter(isSoon).forEach((route) => void load(route)), SOON_MS);
}

startTheme();
startSession();
startRouting();
startKeys();
startFocus();
startClock();
startRequests();
const target = document.getElementById("page");
target?.replaceChildren();
if (target) render(<Root />, target);
void begin();
