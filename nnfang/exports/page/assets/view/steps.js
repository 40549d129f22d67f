// The forward process (Algorithm 2) step by step, with the figures of what is drawn.

import { equation, make, show } from "./elements.js";
import { explain } from "./unit.js";

/** The panel; `shown(step)` is called when the reader moves: { reached, kind } for the diagram. */
export function makeStepsPanel(panel, network, shown) {
  const [back, next] = ["Back", "Next"].map((text) => make("button", { type: "button" }, text));
  next.className = "main";
  const where = make("span", { className: "quiet" });
  const text = make("div", { id: "step-text" });
  const spoken = make("p", { className: "hidden", "aria-live": "polite" });
  panel.append(make("div", { className: "row" }, back, next, where), text, spoken);
  const count = 1 + 2 * network.layers.length;
  let step = 0;
  const draw = () => {
    back.disabled = step === 0;
    next.disabled = step === count - 1;
    where.textContent = `step ${step + 1} of ${count}`;
    text.replaceChildren(...describe(network, step));
    const l = Math.ceil(step / 2) - 1;
    shown({ reached: l, kind: step % 2 ? "z" : "a" });
  };
  const move = (by) => {
    step += by;
    draw();
    spoken.textContent = `${where.textContent}: ${text.innerText}`; // when a step is taken, not with each stroke
  };
  [back.onclick, next.onclick] = [() => move(-1), () => move(1)];
  return draw;
}

function describe(network, step) {
  if (!network.states) return [make("p", {}, "Draw something first.")];
  const { facts, layers, states, x } = network;
  if (step === 0) {
    const inked = x.filter((value) => value > 0).length;
    return [
      make("h3", {}, "The image becomes x"),
      equation(`x = pixels / 255: ${facts.inputs} numbers from 0 to 1, of which ${inked} are not 0`),
    ];
  }
  const l = Math.ceil(step / 2) - 1;
  const { n, p, activation } = layers[l];
  const values = step % 2 ? states[l].z : states[l].a;
  const j = values.indexOf(Math.max(...values));
  const [affine, active] = explain(network, l, j);
  const before = l ? `a_${l - 1}` : "x";
  if (step % 2) {
    return [
      make("h3", {}, `Layer ${l}: each unit weighs what comes before it`),
      equation(`z_${l} = w_${l} ${before} + b_${l}, with w_${l} of ${n} × ${p} numbers`, "1"),
      make("p", { className: "quiet" }, `Of its largest, unit ${j + 1}:`),
      affine,
    ];
  }
  const dead = values.filter((value) => value === 0).length;
  const remark = activation === "softmax" ? `They sum to 1; the largest is ${facts.classes[j]}, ${show(values[j], 4)}.` : `${dead} of ${n} units are 0.`;
  return [
    make("h3", {}, activation === "softmax" ? "Softmax makes probabilities of the scores" : `Layer ${l}: the activation ${activation.replace("_", " ")}`),
    activation === "softmax" ? equation("ŷ_i = e^z_i  / Σ_k e^z_k", "7") : equation(`a_${l} = Q(z_${l})`, "2"),
    make("p", { className: "quiet" }, `${remark} Of its largest, unit ${j + 1}:`),
    active,
  ];
}
