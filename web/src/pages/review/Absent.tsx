import type { ReviewRequest } from "../../api/types.ts";
import { Note } from "../../parts/Box.tsx";
import { Ago, DueLine } from "../../parts/Time.tsx";

/** It is there, and not for whoever looks: never shown as if there were nothing. */
export function Held({ request }: { request: ReviewRequest }) {
  return (
    <Note tone="held">
      {request.state === "waiting" ? (
        <>
          <b>Held until somebody has approved it</b>: <DueLine until={request.deadline} />.
        </>
      ) : (
        <>
          <b>It was not released.</b> What it wrote and made stays between the two doors.
        </>
      )}
    </Note>
  );
}

/** It was there. */
export function Removed({ request }: { request: ReviewRequest }) {
  return (
    <Note tone="plain" icon="clock">
      <b>Not kept any more.</b> Code, inputs, result and files were removed <Ago at={request.contentRemovedAt} />, as
      the server’s retention says. The hashes stay, and so do the votes, the decision and the audit log.
    </Note>
  );
}
