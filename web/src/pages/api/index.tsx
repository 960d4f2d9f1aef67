import { useSignal } from "@preact/signals";
import { callText, Problem } from "../../api/client.ts";
import type { Operation } from "../../api/types.ts";
import { prettyJson, visible } from "../../format/text.ts";
import { duration } from "../../format/time.ts";
import { openApi } from "../../live/server.ts";
import { Card, Note, PageHead, Pairs } from "../../parts/Box.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { useTitle } from "../../parts/title.ts";
import { Skeleton } from "../../parts/Wait.tsx";
import { href, place } from "../../route.ts";

interface Route {
  method: string;
  path: string;
  operation: Operation;
}

function routes(): Route[] {
  return Object.entries(openApi.value?.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const link = (route: Route) => href("/api", undefined, { path: route.path, method: route.method });

function List({ chosen }: { chosen: Route | undefined }) {
  const groups = [...new Set(routes().map((route) => route.operation.tags?.[0] ?? "other"))];
  return (
    <nav aria-label="Routes" class="card">
      {groups.map((group) => (
        <div class="pad">
          <h2>{group}</h2>
          {routes()
            .filter((route) => (route.operation.tags?.[0] ?? "other") === group)
            .map((route) => (
              <a
                class="route cut"
                href={link(route)}
                title={route.path}
                aria-current={route.path === chosen?.path && route.method === chosen.method ? "true" : undefined}
              >
                <b class={route.method === "GET" ? "is-ok" : "is-chg"}>{route.method}</b> {route.path}
              </a>
            ))}
        </div>
      ))}
    </nav>
  );
}

/** Asks and shows the real answer; only what changes nothing can be asked from here. */
function TryIt({ route }: { route: Route }) {
  const values = useSignal<Record<string, string>>({});
  const answer = useSignal<{ status: string; text: string; bad: boolean } | undefined>(undefined);
  const parameters = route.operation.parameters ?? [];
  const target = () => {
    let path = route.path;
    const query = new URLSearchParams();
    for (const one of parameters) {
      const value = values.value[one.name] ?? "";
      if (one.in === "path") path = path.replace(`{${one.name}}`, encodeURIComponent(value));
      else if (value !== "") query.set(one.name, value);
    }
    return query.size > 0 ? `${path}?${query.toString()}` : path;
  };
  const send = async (event: Event) => {
    event.preventDefault();
    const started = performance.now();
    try {
      const text = await callText(target(), { headers: { accept: "*/*" } });
      answer.value = { status: `200, ${duration(performance.now() - started)}`, text, bad: false };
    } catch (cause) {
      if (cause instanceof Problem)
        answer.value = { status: String(cause.status), text: JSON.stringify(cause.members), bad: true };
    }
  };
  if (route.method !== "GET" || /changes|events|output/.test(route.path))
    return (
      <Note tone="plain">
        {route.method === "GET"
          ? "It is a stream: follow it with curl."
          : "It changes something: the page’s own buttons do it, or curl."}
        <pre class="code plain">{`curl -X ${route.method} '${location.origin}${route.path}'`}</pre>
      </Note>
    );
  return (
    <Card title="Try it">
      <form class="stack" onSubmit={(event) => void send(event)}>
        {parameters.map((one) => (
          <div class="field">
            <label for={`p-${one.name}`}>
              {one.name}
              {one.required && " *"}
            </label>
            <input
              class="in mono"
              id={`p-${one.name}`}
              value={values.value[one.name] ?? ""}
              onInput={(event) => (values.value = { ...values.value, [one.name]: event.currentTarget.value })}
            />
          </div>
        ))}
        <button type="submit" class="btn pri">
          Send
        </button>
        {answer.value && (
          <div role="status">
            <div class="cap">
              <span class={answer.value.bad ? "is-bad" : "is-ok"}>{answer.value.status}</span>
              <span class="end">
                <Copy text={answer.value.text} what="the answer" />
              </span>
            </div>
            <pre class="out" tabIndex={0} role="region" aria-label="Answer">
              {visible(prettyJson(answer.value.text).slice(0, 100_000))}
            </pre>
          </div>
        )}
      </form>
    </Card>
  );
}

export default function Api() {
  const query = place.value.query;
  const all = routes();
  const path = query.get("path");
  const chosen =
    all.find((route) => route.path === path && (!query.get("method") || route.method === query.get("method"))) ??
    all[0];
  useTitle("API");
  return (
    <main id="main" class="page" tabIndex={-1}>
      <PageHead
        title="API"
        under={`OpenAPI 3.1 of this server, version ${openApi.value?.info?.version ?? "not reported"}`}
      >
        <a class="btn" href="/openapi.json" download>
          <Icon name="down2" />
          openapi.json
        </a>
      </PageHead>
      {!chosen && <Skeleton lines={8} what="the routes" />}
      {chosen && (
        <div class="cols three">
          <List chosen={chosen} />
          <Card title={<span class="mono">{`${chosen.method} ${chosen.path}`}</span>}>
            <div class="stack">
              <p>{chosen.operation.summary}</p>
              <Pairs
                pairs={[
                  ["Permission", chosen.operation["x-access"]],
                  [
                    "Query and path",
                    chosen.operation.parameters?.length
                      ? chosen.operation.parameters.map((one) => `${one.name}${one.required ? " *" : ""}`).join(", ")
                      : "none",
                  ],
                  [
                    "Body",
                    chosen.operation.requestBody?.content
                      ? Object.keys(chosen.operation.requestBody.content).join(", ")
                      : "none",
                  ],
                ]}
              />
            </div>
          </Card>
          <TryIt key={`${chosen.method} ${chosen.path}`} route={chosen} />
        </div>
      )}
    </main>
  );
}
