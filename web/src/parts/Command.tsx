import type { ComponentChildren } from "preact";
import { Card } from "./Box.tsx";
import { Copy } from "./Copy.tsx";

/** A command to be copied into a terminal, and under it what it is good for. */
export function Command(props: { title: string; text: string; foot?: ComponentChildren }) {
  return (
    <Card
      title={props.title}
      bare
      side={<Copy text={props.text} what="the command" />}
      {...(props.foot ? { foot: props.foot } : {})}
    >
      <pre class="code plain" tabIndex={0} role="region" aria-label={props.title}>
        <code>{props.text}</code>
      </pre>
    </Card>
  );
}
