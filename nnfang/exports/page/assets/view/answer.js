// What the network says, as bars; the sentence above them is what a screen reader reads when a stroke has ended.

import { make, percent, show } from "./elements.js";

const MOST_BARS = 12;

/** Bars of the outputs of a network.  @returns {(outputs: Float64Array | null, note: string, isDone: boolean) => void} */
export function makeAnswer(place, { classes }, isProbability) {
  const [winner, chance] = [make("span"), make("span", { className: "figure" })];
  const verdict = make("p", { className: "verdict", id: "verdict" }, winner, " ", chance);
  const spoken = make("p", { className: "hidden", "aria-live": "polite", id: "spoken" });
  const isShort = classes.every((name) => name.length < 3);
  const list = make("ol", { className: isShort ? "bars short" : "bars", "aria-label": isProbability ? "Probabilities" : "Scores" });
  const rows = Array.from({ length: Math.min(classes.length, MOST_BARS) }, () => {
    const [name, fill, figure] = ["name", "fill", "figure"].map((className) => make("span", { className }));
    const row = make("li", {}, name, make("span", { className: "track" }, fill), figure);
    list.append(row);
    return { row, name, fill, figure };
  });
  const kind = isProbability ? "It knows nothing but these: whatever is drawn, the probabilities add up to 1." : "Scores, not probabilities: the output layer is linear.";
  const hint = make("p", { className: "quiet" });
  place.append(verdict, spoken, list, hint);
  return (outputs, note, isDone) => {
    const values = outputs ?? new Float64Array(classes.length);
    const order = classes.map((_, i) => i);
    if (classes.length > MOST_BARS) order.sort((a, b) => values[b] - values[a]);
    const best = values.indexOf(Math.max(...values));
    const full = isProbability ? 1 : Math.max(1, ...values.map(Math.abs));
    rows.forEach(({ row, name, fill, figure }, k) => {
      const [i, value] = [order[k], values[order[k]]];
      name.textContent = name.title = classes[i];
      fill.style.transform = `scaleX(${Math.abs(value) / full})`;
      fill.classList.toggle("negative", value < 0);
      figure.textContent = outputs ? (isProbability ? percent(value) : show(value)) : "";
      row.className = outputs && i === best ? "best" : "";
    });
    const sure = isProbability ? percent(values[best]) : show(values[best]);
    [winner.textContent, chance.textContent] = outputs ? [classes[best], sure] : ["…", ""];
    hint.textContent = [outputs ? note : note || "Draw something, or drop a picture.", outputs && kind].filter(Boolean).join(" ");
    const sentence = outputs ? `It looks like ${classes[best]}, ${sure}. ${note}` : hint.textContent;
    if (isDone && spoken.textContent !== sentence) spoken.textContent = sentence; // or it would be read again
  };
}
