import "./style/index.css";
import { signal } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { startClock } from "./live/clock.ts";
import { startLive } from "./live/connection.ts";
import { startRequests } from "./live/requests.ts";
import { bootFailure, hasRequests } from "./live/server.ts";
import { signedIn, startSession } from "./live/session.ts";
import { loadWaiting } from "./live/waiting.ts";
import { startTheme } from "./parts/theme.ts";
import { Asked } from "./parts/Ask.tsx";
import { focusMain, startFocus } from "./parts/focus.ts";
import { startKeys, useKeys } from "./parts/keys.ts";
import { KeysHelp, openKeysHelp } from "./parts/KeysHelp.tsx";
import { openPalette, Palette } from "./parts/Palette.tsx";
import { Shell, Toasts } from "./parts/Shell.tsx";
import { Empty, Failure, Skeleton } from "./parts/Wait.tsx";
import { go, href, place, startRouting } from "./route.ts";
import SignIn from "./pages/signin/index.tsx";
import { ROUTES, type Route } from "./routes.ts";

const SOON_MS = 300; // the first page is drawn by then
const loaded = signal<ReadonlyMap<string, ComponentType>>(new Map());
const broken = signal("");

function load(route: Route): void {
  if (loaded.value.has(route.name)) return;
  route.load?.().then(
    (module) => (loaded.value = new Map(loaded.value).set(route.name, module.default)),
    () => (broken.value = route.name),
  );
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

/** Nothing is said of the server before it has said what it is. */
function Starting() {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="vh">Sallyport</h1>
      <Skeleton what="what it is and has" />
    </main>
  );
}

function Page({ route }: { route: Route }) {
  const Known = route.page ?? loaded.value.get(route.name);
  useEffect(() => {
    if (!Known) load(route);
  }, [route, Known]);
  if (Known) return <Known key={route.name} />;
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1 class="vh">Loading</h1>
      {broken.value === route.name ? (
        <Failure
          title="This part of the page did not load"
          detail="The server may have been upgraded."
          again={() => location.reload()}
        />
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
  if (route?.alone) return <Page route={route} />;
  return (
    <Shell slim={route?.slim ?? false}>
      {bootFailure.value ? (
        <main id="main" class="page" tabIndex={-1}>
          <h1 class="vh">Sallyport</h1>
          <Failure {...bootFailure.value} again={() => location.reload()} />
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
  await startLive();
  if (hasRequests.value && signedIn.value !== "out") void loadWaiting();
  setTimeout(() => ROUTES.filter((route) => route.soon).forEach(load), SOON_MS);
}

startTheme();
startSession();
startRouting();
startKeys();
startFocus();
startClock();
startRequests();
const target = document.getElementById("page");
if (target) render(<Root />, target);
void begin();
