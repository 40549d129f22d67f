// The way back: ∂L/∂z of each unit for the class that the reader says is right, and one update.

import { backward, forward, measureLoss, update } from "../maths/network.js";
import { equation, field, make, percent, show } from "./elements.js";

/** The panel; `shown(deltas)` draws them, `moved()` follows a change of the weights. */
export function makeBackwardPanel(panel, network, shown, moved) {
  const { facts } = network;
  const labels = make("select", { id: "label" }, ...facts.classes.map((name, i) => make("option", { value: String(i) }, name)));
  const alpha = make("input", { type: "number", id: "alpha", min: "0", step: "any", value: String(facts.alpha) });
  const step = make("button", { type: "button", className: "main", id: "update" }, "Update the weights");
  const reset = make("button", { type: "button", id: "reset" }, "Restore the trained weights");
  const text = make("div", { id: "backward-text" });
  const result = make("p", { id: "moved", "aria-live": "polite" });
  panel.append(
    make("div", { className: "row" }, field("It is really", labels), field("learning rate α", alpha), step, reset),
    result, text,
  );
  const draw = () => {
    step.disabled = !network.states;
    if (!network.states) return text.replaceChildren(make("p", {}, "Draw something first."));
    const [label, last] = [Number(labels.value), network.states.at(-1)];
    const deltas = backward(network.layers, network.states, label, facts.loss);
    text.replaceChildren(...describe(network, last, label, deltas));
    shown(deltas);
  };
  labels.onchange = () => [(result.textContent = ""), draw()];
  step.onclick = () => {
    network.stopLearning?.(); // whose next report would undo it
    const [label, states] = [Number(labels.value), network.states];
    const deltas = backward(network.layers, states, label, facts.loss);
    update(network.layers, network.x, states, deltas, Number(alpha.value));
    const after = forward(network.layers, network.x).at(-1);
    const before = states.at(-1);
    const [from, to] = [before, after].map(({ a }) => (network.isProbability ? percent(a[label]) : show(a[label])));
    const [high, low] = [before, after].map((state) => show(measureLoss(state, label, facts.loss)));
    result.textContent = `${facts.classes[label]}: ${from} → ${to}; loss L: ${high} → ${low}.`;
    moved();
  };
  reset.onclick = () => {
    network.stopLearning?.();
    network.theta.set(network.trained);
    result.textContent = "The weights are as they were trained.";
    moved();
  };
  return draw;
}

function describe({ facts, layers }, last, label, deltas) {
  const loss = measureLoss(last, label, facts.loss);
  const isPaper = facts.loss === "categorical_crossentropy";
  const output = deltas.at(-1);
  const lines = isPaper
    ? [
        equation(`L = −Σ y_i log ŷ_i = −log ${show(last.a[label], 4)} = ${show(loss)}`, "3"),
        equation(`∂L/∂z_${label + 1} = ŷ_${label + 1} − y_${label + 1} = ${show(last.a[label], 4)} − 1 = ${show(output[label], 4)}`, "32"),
      ]
    : [
        equation(`L = Σ (ŷ_i − y_i)² / n = ${show(loss)}`),
        equation(`∂L/∂z_${label + 1} = Σ_i ∂L/∂ŷ_i · ∂ŷ_i/∂z_${label + 1} = ${show(output[label], 4)}`, "6"),
      ];
  for (let l = layers.length - 2; l >= 0; l--) {
    const delta = deltas[l];
    const j = delta.reduce((best, value, i) => (Math.abs(value) > Math.abs(delta[best]) ? i : best), 0);
    lines.push(
      equation(`∂L/∂z_${l} = Q′(z_${l}) ⊙ w_${l + 1}ᵀ ∂L/∂z_${l + 1}; its largest, of unit ${j + 1}, is ${show(delta[j], 4)}`, "38"),
    );
  }
  lines.push(equation("w := w − α ∂L/∂w with ∂L/∂w = ∂L/∂z aᵀ of the layer before; b := b − α ∂L/∂z", "39, 40, 44, 45"));
  return lines;
}
