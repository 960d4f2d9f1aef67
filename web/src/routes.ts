/** The pages: one row each. A page is a function of the address and of what is known; most are loaded when first needed. */
import type { ComponentType } from "preact";
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
  page?: ComponentType;
  /** Loaded without being asked for, once the first page is there: most go there next. */
  soon?: boolean;
  load?: () => Promise<Loaded>;
}

export const ROUTES: Route[] = [
  { name: "", page: Inbox },
  { name: "requests", slim: true, soon: true, load: () => import("./pages/review/index.tsx") },
  { name: "submit", load: () => import("./pages/submit/index.tsx") },
  { name: "confirm", alone: true, load: () => import("./pages/confirm/index.tsx") },
  { name: "runs", load: () => import("./pages/runs/index.tsx") },
  { name: "orchestrations", load: () => import("./pages/orchestrations/index.tsx") },
  { name: "instances", load: () => import("./pages/instance/index.tsx") },
  { name: "entities", load: () => import("./pages/entities/index.tsx") },
  { name: "workers", load: () => import("./pages/workers/index.tsx") },
  { name: "sessions", load: () => import("./pages/sessions/index.tsx") },
  { name: "policies", load: () => import("./pages/policies/index.tsx") },
  { name: "audit", load: () => import("./pages/audit/index.tsx") },
  { name: "people", load: () => import("./pages/people/index.tsx") },
  { name: "webhooks", load: () => import("./pages/webhooks/index.tsx") },
  { name: "parts", load: () => import("./pages/parts/index.tsx") },
  { name: "api", load: () => import("./pages/api/index.tsx") },
];
