import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { listRequests } from "../../api/requests.ts";
import { wordsOf } from "../../api/client.ts";
import type { ReviewRequest } from "../../api/types.ts";
import { plural } from "../../format/size.ts";
import { titleOf } from "../../format/title.ts";
import { left, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import {
  held,
  loadMoreWaiting,
  loadWaiting,
  moreWaiting,
  showHeld,
  waiting,
  waitingFailure,
  waitingLoaded,
} from "../../live/requests.ts";
import { onChange } from "../../live/connection.ts";
import { me } from "../../live/server.ts";
import { PageHead } from "../../parts/Box.tsx";
import { useKeys } from "../../parts/keys.ts";
import { Panel, Tabs } from "../../parts/Tabs.tsx";
import { useTitle } from "../../parts/title.ts";
import { Failure, Skeleton } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { Icon } from "../../parts/Icon.tsx";
import { NothingWaits } from "./NothingWaits.tsx";
import { Row } from "./Row.tsx";

const isOwn = (request: ReviewRequest) => {
  const who = me.value;
  return who !== undefined && who.id !== "local" && who.kind !== "local" && request.submitter?.id === who.id;
};

function matches(request: ReviewRequest, filter: string): boolean {
  const labels = Object.entries(request.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const text = [
    titleOf(request),
    request.id,
    request.submittedBy,
    request.submitter?.name,
    request.sha256,
    request.manifestSha256,
    ...labels,
  ];
  return text.join(" ").toLowerCase().includes(filter.toLowerCase());
}

/** Those that are over, newest first; read when the tab is opened, and again when something changes. */
function useDecided(on: boolean) {
  const list = useSignal<ReviewRequest[] | undefined>(undefined);
  const failure = useSignal<{ title: string; detail: string } | undefined>(undefined);
  useEffect(() => {
    if (!on) return undefined;
    const load = () =>
      listRequests({ order: "desc", limit: 100 }).then(
        (page) => (list.value = page.requests.filter((one) => !["queued", "running", "waiting"].includes(one.state))),
        (cause: unknown) => (failure.value = wordsOf(cause)),
      );
    void load();
    return onChange(() => void load());
  }, [on, list, failure]);
  return { list, failure };
}

function useRows(tab: string, filter: string) {
  const decided = useDecided(tab === "done");
  const mine = waiting.value.filter((one) => !isOwn(one));
  const others = waiting.value.filter(isOwn);
  const rows = tab === "done" ? decided.list.value : tab === "others" ? others : waitingLoaded.value ? mine : undefined;
  const failure = tab === "done" ? decided.failure.value : waitingFailure.value;
  return { rows: rows?.filter((one) => matches(one, filter)), failure, mine, others };
}

/** Asks for the next page when the end of the list comes near. */
function More() {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void loadMoreWaiting();
      },
      { rootMargin: "600px" },
    );
    if (mark.current) observer.observe(mark.current);
    return () => observer.disconnect();
  });
  return moreWaiting.value === undefined ? null : (
    <div ref={mark} class="pad small dim">
      More wait; they come as you scroll.
    </div>
  );
}

function summary(mine: ReviewRequest[]): string {
  if (mine.length === 0) return "Nothing waits for you";
  const first = mine.map((one) => parseTime(one.deadline)).find((time) => !Number.isNaN(time));
  const more = moreWaiting.value === undefined ? "" : " or more";
  const next = first === undefined ? "" : ` · next deadline in ${left(first, now.value)}`;
  return `${plural(mine.length, "request")}${more} ${mine.length === 1 ? "waits" : "wait"} for you${next}`;
}

function useMoves(rows: ReviewRequest[] | undefined, filterBox: () => void) {
  const chosen = () => place.value.query.get("at") ?? undefined;
  const step = (by: number) => {
    if (!rows || rows.length === 0) return;
    const at = rows.findIndex((one) => one.id === chosen());
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (!next) return;
    setQuery({ at: next.id });
    const link = document.querySelector<HTMLElement>(`[data-id="${CSS.escape(next.id)}"] h2 a`);
    link?.focus({ preventScroll: true });
    link?.closest("li")?.scrollIntoView({ block: "nearest" });
  };
  const open = () => {
    const target = chosen() ?? rows?.[0]?.id;
    if (target) go(href("/requests", target));
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    o: open,
    a: open,
    c: open,
    r: open,
    e: () => chosen() && go(href("/submit", undefined, { from: chosen() })),
    "/": filterBox,
  });
}

export default function Inbox() {
  const query = place.value.query;
  const tab = query.get("tab") ?? "me";
  const filter = query.get("filter") ?? "";
  const box = useRef<HTMLInputElement>(null);
  const { rows, failure, mine, others } = useRows(tab, filter);
  const chosen = query.get("at") ?? undefined;
  const isEmpty = useComputed(() => waitingLoaded.value && waiting.value.length === 0);
  useTitle("Inbox");
  useMoves(rows, () => box.current?.focus());
  const tabs = [
    {
      id: "me",
      name: "Waiting for me",
      count: waitingLoaded.value ? mine.length : undefined,
      held: mine.length > 0,
    },
    { id: "others", name: "Waiting for others", count: waitingLoaded.value ? others.length : undefined },
    { id: "done", name: "Decided" },
  ];
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Inbox" under={waitingLoaded.value ? summary(mine) : undefined}>
        <label class="vh" for="f">
          Filter
        </label>
        <input
          class="in auto lo"
          id="f"
          ref={box}
          value={filter}
          placeholder="Filter: label, person, hash  /"
          onInput={(event) => setQuery({ filter: event.currentTarget.value })}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        <a class="btn" href={href("/submit", undefined, { example: "plot" })}>
          <Icon name="play" />
          Run an example
        </a>
      </PageHead>
      <Tabs
        tabs={tabs}
        chosen={tab}
        label="Inbox"
        panel="inbox"
        choose={(id) => setQuery({ tab: id === "me" ? undefined : id })}
      />
      {held.value.size > 0 && tab === "me" && (
        <button type="button" class="btn" onClick={showHeld}>
          {held.value.size} new
        </button>
      )}
      <Panel id="inbox" tab={tab} class="card">
        {failure && <Failure {...failure} again={() => void loadWaiting()} />}
        {rows === undefined && !failure && <Skeleton lines={6} what="the requests that wait" />}
        {rows !== undefined && rows.length > 0 && (
          <ul
            class="inbox"
            aria-label={tab === "done" ? "Decided, newest first" : "Requests that wait, soonest deadline first"}
          >
            {rows.map((request) => (
              <Row key={request.id} request={request} chosen={request.id === chosen} />
            ))}
          </ul>
        )}
        {rows !== undefined && rows.length === 0 && (
          <NothingWaits tab={tab} filtered={filter !== ""} none={isEmpty.value} />
        )}
        {tab === "me" && <More />}
      </Panel>
      <p class="row small dim lo keys">
        <span>
          <kbd>j</kbd> <kbd>k</kbd> move
        </span>
        <span>
          <kbd>o</kbd> open
        </span>
        <span>
          <kbd>a</kbd> approve
        </span>
        <span>
          <kbd>r</kbd> reject
        </span>
        <span>
          <kbd>/</kbd> filter
        </span>
        <span>
          <kbd>?</kbd> all keys
        </span>
      </p>
    </main>
  );
}
