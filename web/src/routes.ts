/** The pages: one row each. A page is a function of the address and of what is known; most are loaded when first needed. */
import type { ComponentType } from "preact";
import type { Path } from "./api/address.ts";
import Inbox from "./pages/inbox/index.tsx";

interface Loaded {
  default: ComponentType;
}

export interface Route {
  /** The first part of the path. */
  name: string;
  /** It fills the window; the rail becomes narrow. */
  slim?: boolean;
  /** There is nothing around it. */
  alone?: boolean;
  /** What the server must have for it: one of them may be a scheduler, or an app, alone. */
  needs?: Path;
  page?: ComponentType;
  /** Loaded without being asked for, once the first page is there: most go there next. */
  soon?: boolean;
  load?: () => Promise<Loaded>;
}

const REQUESTS = "/v1/requests";
const SCHEDULER = "/v1/taskhubs/orchestrations/query";

export const ROUTES: Route[] = [
  { name: "", needs: REQUESTS, page: Inbox },
  { name: "requests", needs: REQUESTS, slim: true, soon: true, load: () => import("./pages/review/index.tsx") },
  { name: "submit", needs: REQUESTS, load: () => import("./pages/submit/index.tsx") },
  { name: "confirm", needs: REQUESTS, alone: true, load: () => import("./pages/confirm/index.tsx") },
  { name: "runs", needs: REQUESTS, load: () => import("./pages/runs/index.tsx") },
  { name: "orchestrations", needs: SCHEDULER, load: () => import("./pages/orchestrations/index.tsx") },
  { name: "instances", needs: SCHEDULER, load: () => import("./pages/instance/index.tsx") },
  { name: "entities", needs: SCHEDULER, load: () => import("./pages/entities/index.tsx") },
  { name: "workers", needs: SCHEDULER, load: () => import("./pages/workers/index.tsx") },
  { name: "sessions", load: () => import("./pages/sessions/index.tsx") },
  { name: "policies", needs: REQUESTS, load: () => import("./pages/policies/index.tsx") },
  { name: "audit", needs: "/v1/audit", load: () => import("./pages/audit/index.tsx") },
  { name: "people", load: () => import("./pages/people/index.tsx") },
  { name: "webhooks", needs: REQUESTS, load: () => import("./pages/webhooks/index.tsx") },
  { name: "parts", load: () => import("./pages/parts/index.tsx") },
  { name: "api", load: () => import("./pages/api/index.tsx") },
];
