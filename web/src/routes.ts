/** The pages: one row each. A page is a function of the address and of what is known; most are loaded when first needed. */
import type { ComponentType } from "preact";
import Inbox from "./pages/inbox/index.tsx";
import Review from "./pages/review/index.tsx";

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
  load?: () => Promise<Loaded>;
}

export const ROUTES: Route[] = [
  { name: "", page: Inbox },
  { name: "requests", slim: true, page: Review },
  { name: "submit", load: () => import("./pages/submit/index.tsx") },
];
