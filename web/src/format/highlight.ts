/** Source as runs with classes, line by line. Prism only splits the text; what is shown is made of text nodes. Pure. */
import Prism from "prismjs";
import "prismjs/components/prism-python.js";
import { lines as linesOf, visible } from "./text.ts";

Prism.manual = true;

export interface CodeRun {
  text: string;
  style: string;
}

const STYLES: Record<string, string> = {
  keyword: "k",
  key: "k",
  boolean: "k",
  string: "s",
  "triple-quoted-string": "s",
  "string-interpolation": "s",
  number: "m",
  function: "f",
  "class-name": "f",
  decorator: "f",
  builtin: "f",
  comment: "c",
};

const GRAMMAR_MOST = 200_000; // characters: over it text stays plain

function walk(tokens: (string | Prism.Token)[], style: string, take: (text: string, style: string) => void): void {
  for (const token of tokens) {
    if (typeof token === "string") take(token, style);
    else {
      const own = STYLES[token.type] ?? style;
      const content = token.content;
      walk(Array.isArray(content) ? content : [content], own, take);
    }
  }
}

/** Lines of a program in Python. */
export const highlight = (code: string): CodeRun[][] => highlightBy(Prism.languages["python"], code);

/** Lines of a text that this grammar splits. */
export function highlightBy(grammar: Prism.Grammar | undefined, code: string): CodeRun[][] {
  const text = visible(linesOf(code).join("\n"));
  if (!grammar || text.length > GRAMMAR_MOST) return text.split("\n").map((line) => [{ text: line, style: "" }]);
  const result: CodeRun[][] = [[]];
  walk(Prism.tokenize(text, grammar), "", (piece, style) => {
    piece.split("\n").forEach((part, index) => {
      if (index > 0) result.push([]);
      if (part !== "") result[result.length - 1]?.push({ text: part, style });
    });
  });
  return result;
}
