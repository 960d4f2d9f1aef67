/** Finding deliveries. */
import { DELIVERY_PAGE, listDeliveries, type Delivery } from "../../api/webhooks.ts";

const SHOWN = 50;
/** Deliveries that one search looks at before it asks whether to go on. */
const LOOKED_AT_MOST = 2000;

export interface Found {
  rows: Delivery[];
  /** How many were looked at. */
  looked: number;
  /** What to go on with; undefined: all was looked at. */
  next?: number | undefined;
}

/** Newest first, those below `before`; all, or only what was not delivered. */
export async function find(id: string, undelivered: boolean, before?: number): Promise<Found> {
  const rows: Delivery[] = [];
  let looked = 0;
  let next = before;
  do {
    const page = await listDeliveries(id, undelivered ? DELIVERY_PAGE : SHOWN, next);
    rows.push(...page.deliveries.filter((one) => !undelivered || one.state !== "delivered"));
    looked += page.deliveries.length;
    next = page.next;
  } while (undelivered && next !== undefined && rows.length < SHOWN && looked < LOOKED_AT_MOST);
  return { rows, looked, next };
}
