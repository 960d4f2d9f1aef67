import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { visible } from "../format/text.ts";
import { Skeleton } from "./Wait.tsx";

interface Piece {
  sign: "+" | "-" | " ";
  text: string;
}

/** Two texts, line by line. What compares them is loaded when it is first needed. */
export function DiffView({ before, after, label }: { before: string; after: string; label: string }) {
  const pieces = useSignal<Piece[] | undefined>(undefined);
  useEffect(() => {
    void import("diff").then(({ diffLines }) => {
      pieces.value = diffLines(before, after).flatMap((part) => {
        const sign = part.added ? "+" : part.removed ? "-" : " ";
        return part.value
          .replace(/\n$/, "")
          .split("\n")
          .map((text): Piece => ({ sign, text }));
      });
    });
  }, [before, after, pieces]);
  if (!pieces.value) return <Skeleton what="the difference" />;
  let oldLine = 0;
  let newLine = 0;
  return (
    <div class="y" tabIndex={0} role="region" aria-label={label}>
      <table class="diff">
        <caption class="vh">{label}</caption>
        <tbody>
          {pieces.value.map((piece) => {
            if (piece.sign !== "+") oldLine++;
            if (piece.sign !== "-") newLine++;
            return (
              <tr class={piece.sign === "+" ? "add" : piece.sign === "-" ? "del" : undefined}>
                <td class="ln">{piece.sign === "+" ? "" : oldLine}</td>
                <td class="ln">{piece.sign === "-" ? "" : newLine}</td>
                <td>
                  {piece.sign} {visible(piece.text)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
