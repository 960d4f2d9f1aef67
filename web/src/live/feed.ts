/** One stream of server-sent events that loses nothing: it goes on behind the last event that came, and tells none twice. */
import { isBehind } from "../format/place.ts";

export interface FeedListener {
  /** An event that nobody was told of before. */
  tell(event: MessageEvent<string>): void;
  /** The server answers. `missed`: it does again, and nobody knows what came meanwhile. */
  open(missed: boolean): void;
  /** What came meanwhile is not kept. */
  reset(): void;
  /** It is cut. `closed`: the browser does not try again by itself. */
  lose(closed: boolean): void;
}

export class Feed {
  private source: EventSource | undefined;
  private last: string | undefined;
  private wasOpen = false;

  /** `address`: where it is, behind an event, or from now on. `names`: events that are told besides those without a name. */
  constructor(
    private readonly address: (after: string | undefined) => string,
    private readonly names: readonly string[],
    private readonly listener: FeedListener,
  ) {}

  /** Begins, or begins anew behind the last event. */
  connect(): void {
    this.close();
    const source = new EventSource(this.address(this.last));
    this.source = source;
    const take = (event: Event) => this.take(event as MessageEvent<string>);
    source.onopen = () => this.opened();
    source.onerror = () => this.listener.lose(source.readyState === EventSource.CLOSED);
    for (const name of ["message", ...this.names]) source.addEventListener(name, take);
    source.addEventListener("start", (event) => this.note(event as MessageEvent<string>));
    source.addEventListener("reset", (event) => {
      this.note(event as MessageEvent<string>);
      this.listener.reset();
    });
  }

  close(): void {
    this.source?.close();
    this.source = undefined;
  }

  private opened(): void {
    const missed = this.wasOpen && this.last === undefined;
    this.wasOpen = true;
    this.listener.open(missed);
  }

  private note(event: MessageEvent<string>): void {
    if (event.lastEventId !== "") this.last = event.lastEventId;
  }

  private take(event: MessageEvent<string>): void {
    if (isBehind(event.lastEventId, this.last)) return;
    this.note(event);
    this.listener.tell(event);
  }
}
