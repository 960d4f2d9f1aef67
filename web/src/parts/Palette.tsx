import { computed, signal } from "@preact/signals";
import { shortId } from "../format/size.ts";
import { titleOf } from "../format/title.ts";
import { waiting } from "../live/waiting.ts";
import { hasRequests, hasScheduler, openApi } from "../live/server.ts";
import { go, href } from "../route.ts";
import { Dialog } from "./Dialog.tsx";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icons.ts";
import { ITEMS } from "./Shell.tsx";

interface Choice {
  group: string;
  icon: IconName;
  name: string;
  side: string;
  target: string;
}

const open = signal(false);
const text = signal("");
const at = signal(0);

export function openPalette(): void {
  text.value = "";
  at.value = 0;
  open.value = true;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function byId(typed: string): Choice[] {
  const list: Choice[] = [];
  if (GUID.test(typed) && hasRequests.value)
    list.push({
      group: "Go to",
      icon: "held",
      name: `Request ${shortId(typed)}`,
      side: "by its id",
      target: href("/requests", typed.toLowerCase()),
    });
  if (typed.length > 1 && hasScheduler.value)
    list.push({
      group: "Go to",
      icon: "orch",
      name: `Orchestrations with “${typed}”`,
      side: "search",
      target: href("/orchestrations", undefined, { q: typed }),
    });
  return list;
}

const choices = computed<Choice[]>(() => {
  const typed = text.value.trim();
  const fits = (...words: string[]) => words.join(" ").toLowerCase().includes(typed.toLowerCase());
  const requests = waiting.value
    .filter((one) => fits(titleOf(one), one.id, one.sha256 ?? "", one.manifestSha256 ?? ""))
    .slice(0, 8)
    .map((one) => ({
      group: "Requests",
      icon: "held" as const,
      name: titleOf(one),
      side: `waiting · ${shortId(one.id)}`,
      target: href("/requests", one.id),
    }));
  const pages = ITEMS.filter((item) => item.there() && fits(item.name)).map((item) => ({
    group: "Pages",
    icon: item.icon,
    name: item.name,
    side: "",
    target: href(item.path),
  }));
  const routes =
    typed.length > 2
      ? Object.keys(openApi.value?.paths ?? {})
          .filter((path) => fits(path))
          .slice(0, 4)
          .map((path) => ({
            group: "API",
            icon: "api" as const,
            name: path,
            side: "",
            target: href("/api", undefined, { path }),
          }))
      : [];
  return [...requests, ...pages, ...byId(typed), ...routes];
});

function choose(choice: Choice | undefined): void {
  if (!choice) return;
  open.value = false;
  go(choice.target);
}

function onKey(event: KeyboardEvent): void {
  const count = choices.value.length;
  if (event.key === "ArrowDown") at.value = Math.min(count - 1, at.value + 1);
  else if (event.key === "ArrowUp") at.value = Math.max(0, at.value - 1);
  else if (event.key === "Enter") choose(choices.value[at.value]);
  else return;
  event.preventDefault();
}

function Choices() {
  let group = "";
  return (
    <div id="pal-list" role="listbox" aria-label="Matches" class="y matches">
      {choices.value.map((choice, index) => {
        const heads = choice.group !== group;
        group = choice.group;
        return (
          <>
            {heads && (
              <div class="grp" role="presentation">
                {choice.group}
              </div>
            )}
            <div
              class="opt"
              role="option"
              id={`opt-${index}`}
              aria-selected={index === at.value}
              onClick={() => choose(choice)}
            >
              <Icon name={choice.icon} />
              <span class="cut">{choice.name}</span>
              <span class="end small dim nowrap">{choice.side}</span>
            </div>
          </>
        );
      })}
    </div>
  );
}

/** Jump to anything. A request is opened from here, never decided. */
export function Palette() {
  if (!open.value) return null;
  return (
    <Dialog label="Jump to anything" close={() => (open.value = false)}>
      <div class="top">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="pal-list"
          aria-activedescendant={choices.value.length > 0 ? `opt-${at.value}` : undefined}
          aria-label="Jump to"
          autocomplete="off"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={onKey}
        />
        <kbd>Esc</kbd>
      </div>
      <Choices />
      {choices.value.length === 0 && <p class="small sub">Nothing here has that in its name, id or hash.</p>}
      <p class="row small dim">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> choose
        </span>
        <span>
          <kbd>Enter</kbd> open
        </span>
        <span class="end lo">names, ids and hashes</span>
      </p>
    </Dialog>
  );
}
