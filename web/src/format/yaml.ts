/** YAML as runs with classes, line by line. Pure. */
import Prism from "prismjs";
import "prismjs/components/prism-yaml.js";
import { highlightBy, type CodeRun } from "./highlight.ts";

export const highlightYaml = (text: string): CodeRun[][] => highlightBy(Prism.languages["yaml"], text);
