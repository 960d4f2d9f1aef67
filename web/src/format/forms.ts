/** What a run showed, in all its forms. Whatever is in the answer is in here: none of it may be released unseen. Pure. */
import type { Image, Result } from "../api/types.ts";

const PICTURES = new Set(["png", "jpeg", "jpg", "gif", "webp", "svg+xml"]);

export interface Form {
  /** Its media type; "result" for what is no form of an output. */
  type: string;
  kind: "picture" | "html" | "text";
  /** A picture's media type behind "image/". */
  format: string;
  /** As it was sent: markup, base64 or text. */
  text: string;
  /** It is the member `result` of the answer, too. */
  isResult: boolean;
}

/** One thing that the code showed: its forms, the one to be looked at first. */
export type Shown = [Form, ...Form[]];

function isImage(value: unknown): value is Image {
  return typeof value === "object" && value !== null && (value as { type?: unknown }).type === "image";
}

function isInResult(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as { in?: unknown }).in === "result";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

function formOf(type: string, value: unknown, isResult: boolean): Form {
  if (isImage(value) && PICTURES.has(value.format))
    return { type, kind: "picture", format: value.format, text: value.base64_data, isResult };
  const format = type.replace("image/", "");
  const text = textOf(value);
  if (typeof value !== "string") return { type, kind: "text", format: "", text, isResult };
  if (type.startsWith("image/") && PICTURES.has(format)) return { type, kind: "picture", format, text, isResult };
  return { type, kind: type === "text/html" ? "html" : "text", format: "", text, isResult };
}

/** Pictures say most, then HTML, then plain text; what is empty says nothing. */
function inOrder(forms: Form[]): Form[] {
  const full = forms.filter((one) => one.text !== "");
  const first =
    full.find((one) => one.kind === "picture") ??
    full.find((one) => one.kind === "html") ??
    full.find((one) => one.type === "text/plain") ??
    full[0] ??
    forms[0];
  return first ? [first, ...forms.filter((one) => one !== first)] : [];
}

function hasForm(forms: Form[]): forms is Shown {
  return forms.length > 0;
}

/** What there is to look at, in the order in which the code made it; last the result, unless an output is the same. */
export function shownOf(result: Result | undefined): Shown[] {
  if (!result) return [];
  const value = result.result;
  const nothing = value === undefined || value === null || value === "";
  const own = nothing ? undefined : formOf("result", value, true);
  const forms = (result.outputs ?? []).map((bundle) =>
    Object.entries(bundle).map(([type, data]) => {
      if (isInResult(data)) return formOf(type, value, true);
      const form = formOf(type, data, false);
      return { ...form, isResult: form.text === own?.text };
    }),
  );
  if (own && !forms.flat().some((one) => one.isResult)) forms.push([own]);
  return forms.map(inOrder).filter(hasForm);
}

/** What the server says it cut, or left out, of the result and the outputs. */
export function cutsOf(result: Result, bytes: (count: number) => string): string[] {
  const cuts: string[] = [];
  const size = result.resultBytes;
  if (result.resultTruncated && size === undefined) cuts.push("The value, an output or the error is not whole.");
  else if (size !== undefined && result.result === undefined)
    cuts.push(`The result had ${bytes(size)}, too much to be shown: it was not kept.`);
  else if (size !== undefined) cuts.push(`The result had ${bytes(size)}; the middle is left out.`);
  if (result.outputsTruncated) cuts.push("Of the outputs, texts are cut, or forms left out.");
  if (result.resultDropped) cuts.push("Something was left out that may not be in a result.");
  return cuts;
}
