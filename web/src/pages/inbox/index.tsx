import { computed, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ReviewRequest } from "../../api/types.ts";
import { plural } from "../../format/size.ts";
import { titleOf } from "../../format/title.ts";
import { left, parseTime } from "../../format/time.ts";
import { now } from "../../live/clock.ts";
import { me } from "../../live/server.ts";
import {
  countWords,
  held,
  loadMoreWaiting,
  loadWaiting,
  moreWaiting,
  showHeld,
  waiting,
  waitingFailure,
  waitingLoaded,
} from "../../live/waiting.ts";
import { PageHead } from "../../parts/Box.tsx";
import { Chunks } from "../../parts/Chunks.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useKeys } from "../../parts/keys.ts";
import { Panel, Tabs } from "../../parts/Tabs.tsx";
import { useTitle } from "../../parts/title.ts";
import { Awaiting, type Sought } from "../../parts/Wait.tsx";
import { go, href, place, setQuery } from "../../route.ts";
import { useDecided } from "./decided.ts";
import { NothingWaits } from "./NothingWaits.tsx";
import { Row } from "./Row.tsx";

const isOwn = (request: ReviewRequest) => {
  const who = me.value;
  return who !== undefined && who.id !== "local" && who.kind !== "local" && request.submitter?.id === who.id;
};

/** They are there, and whose they are is known. */
const isSorted = computed(() => waitingLoaded.value && me.value !== undefined);

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

/** What the tabs ask for, in words. */
const LISTS: Record<string, string> = {
  done: "the requests that are decided",
  me: "the requests that wait",
  others: "the requests that wait",
};

/** The rows of a tab; `more`: there are others, which `turn` asks for. */
interface Rows {
  sought: Sought;
  rows: ReviewRequest[] | undefined;
  more: boolean;
  turn: () => void;
}

function useRows(tab: string, filter: string): Rows & { mine: ReviewRequest[]; others: ReviewRequest[] } {
  const decided = useDecided(tab === "done");
  const mine = useComputed(() => waiting.value.filter((one) => !isOwn(one))).value;
  const others = useComputed(() => waiting.value.filter(isOwn)).value;
  const fits = (rows: ReviewRequest[] | undefined) =>
    filter === "" ? rows : rows?.filter((one) => matches(one, filter));
  const done: Rows = {
    sought: { answer: decided.list, failure: decided.failure, again: decided.again },
    rows: fits(decided.list.value),
    more: decided.more.value !== undefined,
    turn: decided.turn,
  };
  const waits: Rows = {
    sought: {
      answer: { value: isSorted.value || undefined },
      failure: waitingFailure,
      again: () => void loadWaiting(),
    },
    rows: isSorted.value ? fits(tab === "others" ? others : mine) : undefined,
    more: isSorted.value && moreWaiting.value !== undefined,
    turn: () => void loadMoreWaiting(filter !== ""),
  };
  return { ...(tab === "done" ? done : waits), mine, others };
}

/** Asks for the next page when the end of the list comes near, and again while it is still there. */
function More({ turn, known, filtered }: { turn: () => void; known: number; filtered: boolean }) {
  const mark = useRef<HTMLParagraphElement>(null);
  const near = useSignal(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => (near.value = entries[entries.length - 1]?.isIntersecting ?? false),
      { rootMargin: "900px" },
    );
    if (mark.current) observer.observe(mark.current);
    return () => observer.disconnect();
  }, [near]);
  useEffect(() => {
    if (near.value) turn();
  }, [near.value, known]);
  return (
    <p ref={mark} class="pad small dim" role="status">
      {filtered ? `Looking through the rest: ${known} so far.` : "There are more; they come as you scroll."}
    </p>
  );
}

function Summary({ mine }: { mine: ReviewRequest[] }) {
  if (mine.length === 0) return moreWaiting.value === undefined ? <>Nothing waits for you</> : null;
  const first = mine.map((one) => parseTime(one.deadline)).find((time) => !Number.isNaN(time));
  const more = moreWaiting.value === undefined ? "" : " or more";
  const next = first === undefined ? "" : ` · next deadline in ${left(first, now.value)}`;
  return <>{`${plural(mine.length, "request")}${more} ${mine.length === 1 ? "waits" : "wait"} for you${next}`}</>;
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

function listLabel(tab: string, more: boolean): string {
  if (tab === "done") return "Decided, newest first";
  return more
    ? "Requests that wait, soonest deadline first of those that were read"
    : "Requests that wait, soonest deadline first";
}

export default function Inbox() {
  const query = place.value.query;
  const tab = query.get("tab") ?? "me";
  const filter = query.get("filter") ?? "";
  const box = useRef<HTMLInputElement>(null);
  const { sought, rows, more, turn, mine, others } = useRows(tab, filter);
  const chosen = query.get("at") ?? undefined;
  const isEmpty = useComputed(() => isSorted.value && waiting.value.length === 0);
  useTitle("Inbox");
  useMoves(rows, () => box.current?.focus());
  const tabs = [
    {
      id: "me",
      name: "Waiting for me",
      count: isSorted.value ? countWords(mine.length) : undefined,
      held: mine.length > 0,
    },
    { id: "others", name: "Waiting for others", count: isSorted.value ? countWords(others.length) : undefined },
    { id: "done", name: "Decided" },
  ];
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead title="Inbox" under={isSorted.value ? <Summary mine={mine} /> : undefined}>
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
      <div class="fresh" role="status" aria-label="New requests">
        {held.value.size > 0 && tab === "me" && (
          <button type="button" class="btn" onClick={showHeld}>
            {held.value.size} new
          </button>
        )}
      </div>
      <Panel id="inbox" tab={tab} class="card">
        <Awaiting of={sought} what={LISTS[tab] ?? "the requests"} lines={6} />
        {rows !== undefined && rows.length > 0 && (
          <Chunks
            key={tab}
            name={`inbox ${tab}`}
            class="inbox"
            label={listLabel(tab, more)}
            rows={rows}
            keyOf={(request) => request.id}
            row={(request, at) => <Row key={request.id} request={request} chosen={request.id === chosen} at={at} />}
            chosen={chosen}
            open={more}
          />
        )}
        {rows !== undefined && rows.length === 0 && !more && (
          <NothingWaits tab={tab} filtered={filter !== ""} none={isEmpty.value} />
        )}
        {more && (
          <More
            turn={turn}
            known={tab === "done" ? (rows?.length ?? 0) : waiting.value.length}
            filtered={filter !== ""}
          />
        )}
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
          <kbd>c</kbd> changes
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
