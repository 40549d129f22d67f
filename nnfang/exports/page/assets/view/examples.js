// Digits to begin with, written for this page: as paths, which are both their pictures and the strokes of the pad.

import { make, svg } from "./elements.js";
import { SIDE } from "./pad.js";

const SPACING = 4; // pixels between two points of a stroke
const FIRST = "3"; // which draws itself when the page is opened

const PATHS = [
  "M100 40C58 42 52 158 100 160C148 158 142 42 100 40",
  "M108 40L94 160",
  "M64 72C68 30 142 30 134 80C128 112 82 138 62 158L142 158",
  "M66 52C90 30 140 40 130 75C125 95 105 98 90 98C120 98 145 115 132 145C118 172 75 165 62 148",
  "M80 42C76 65 70 85 64 108L140 108M124 44L112 164",
  "M134 44L80 44L76 92C100 80 140 88 134 128C128 165 80 165 64 148",
  "M122 40C85 65 65 110 72 138C80 168 132 165 132 132C132 100 88 98 72 130",
  "M62 46L138 46L92 160",
  "M128 62C120 35 72 38 76 70C80 100 130 100 130 132C130 168 70 168 70 134C70 102 128 98 128 62",
  "M130 72C125 38 70 38 70 76C70 108 120 108 130 72L120 162",
];

/** The points of a path, a list for each of its strokes. */
function trace(path) {
  return path.match(/M[^M]+/g).map((d) => {
    const line = svg("path", { d });
    const count = Math.ceil(line.getTotalLength() / SPACING);
    return Array.from({ length: count + 1 }, (_, i) => {
      const { x, y } = line.getPointAtLength((i / count) * line.getTotalLength());
      return [x, y];
    });
  });
}

/** Buttons that put a digit on the pad, one for each that is a class of the network; one is drawn already. */
export function makeExamples(classes, pad) {
  const names = PATHS.map((_, digit) => String(digit)).filter((name) => classes.includes(name));
  const play = (name) => pad.play(trace(PATHS[name]), matchMedia("(prefers-reduced-motion: reduce)").matches);
  const buttons = names.map((name) => {
    const picture = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
    const button = make("button", { type: "button", "aria-label": `Example: ${name}` }, picture);
    button.onclick = () => play(name);
    return button;
  });
  if (names.length) play(names.includes(FIRST) ? FIRST : names[0]);
  return make("div", { className: "examples", role: "group", "aria-label": "Examples" }, ...buttons);
}
