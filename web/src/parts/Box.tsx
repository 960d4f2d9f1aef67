import type { ComponentChildren } from "preact";
import type { Tone } from "../format/tone.ts";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icons.ts";

export function Card(props: {
  title?: ComponentChildren;
  mono?: boolean;
  side?: ComponentChildren;
  foot?: ComponentChildren;
  bare?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <section class="card">
      {props.title !== undefined && (
        <header>
          <h2 class={props.mono ? "mono" : undefined}>{props.title}</h2>
          {props.side !== undefined && <div class="row tight end">{props.side}</div>}
        </header>
      )}
      {props.bare ? props.children : <div class="pad">{props.children}</div>}
      {props.foot !== undefined && <footer>{props.foot}</footer>}
    </section>
  );
}

const NOTE_ICONS: Record<Tone, IconName> = { plain: "info", ink: "info", held: "held", ok: "ok", bad: "warn" };

export function Note(props: { tone: Tone; icon?: IconName; live?: boolean; children: ComponentChildren }) {
  return (
    <div class={`note ${props.tone}`} role={props.live ? "status" : undefined}>
      <Icon name={props.icon ?? NOTE_ICONS[props.tone]} />
      <div>{props.children}</div>
    </div>
  );
}

export function Tag(props: { tone?: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`tag ${props.tone ?? ""}`}>
      {props.icon && <Icon name={props.icon} />}
      {props.children}
    </span>
  );
}

/** Pairs of a name and what it is; those without a value are left out. */
export function Pairs({ pairs }: { pairs: [string, ComponentChildren][] }) {
  return (
    <dl class="kv">
      {pairs
        .filter(([, value]) => value !== undefined && value !== null && value !== false)
        .map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
    </dl>
  );
}

export interface Fact {
  name: string;
  value: ComponentChildren;
  tone?: "ok" | "bad" | undefined;
}

export function Facts({ facts, big }: { facts: Fact[]; big?: boolean }) {
  return (
    <dl class={big ? "card facts big" : "facts"}>
      {facts.map((fact) => (
        <div>
          <dt>{fact.name}</dt>
          <dd class={fact.tone ? `is-${fact.tone}` : undefined}>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What nobody measured is said to be so: it is not zero. */
export const NotReported = () => <span class="dim not">not reported</span>;

export function PageHead(props: {
  title: ComponentChildren;
  under?: ComponentChildren;
  above?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class="page-head">
      <div>
        {props.above}
        <h1>{props.title}</h1>
        {props.under !== undefined && <p>{props.under}</p>}
      </div>
      {props.children !== undefined && <div class="row end">{props.children}</div>}
    </div>
  );
}
