// One unit: its weights as a picture, and its equation with today's numbers.

import { ACTIVATIONS } from "../maths/activations.js";
import { findStrongest } from "./diagram.js";
import { equation, make, show } from "./elements.js";
import { drawSigned, layOut } from "./pictures.js";

/** The weights of unit j.  (p,) */
export function weightsOf({ n, p, W }, j) {
  return Float32Array.from({ length: p }, (_, i) => W[i * n + j]);
}

/** Lines of the equations of a unit (eq. 1, 2, 7), or without an image of its bias alone. */
export function explain(network, l, j) {
  const { layers, states, x } = network;
  const layer = layers[l];
  if (!states) return [equation(`b_${j + 1} = ${show(layer.b[j])}`)];
  const [z, a] = [states[l].z[j], states[l].a[j]];
  const before = l ? states[l - 1].a : x;
  const letter = l ? "a" : "x";
  const terms = findStrongest(layer, before, j, 3).map(({ i, value }) => `${show(value / before[i])} · ${show(before[i])}`);
  const sum = terms.length ? `${terms.join(" + ")} + … + `.replaceAll("+ −", "− ") : "";
  const b = layer.b[j];
  const lines = [
    equation(`z_${j + 1} = w_${j + 1} · ${letter} + b_${j + 1} = ${sum}${show(b)} = ${show(z)}`, "1"),
  ];
  if (layer.activation === "softmax") {
    lines.push(equation(`ŷ_${j + 1} = e^z_${j + 1}  / Σ_k e^z_k  = ${show(a, 4)}`, "7"));
  } else {
    lines.push(equation(`a_${j + 1} = Q(z_${j + 1}) = ${ACTIVATIONS[layer.activation].text} = ${show(a)}`, "2"));
  }
  return lines;
}

/** The panel of the chosen unit. */
export function makeUnitPanel(panel, network) {
  const title = make("h3", { id: "unit-title" });
  const picture = make("canvas", { className: "weights pixels", role: "img" });
  const lines = make("div", { id: "unit-lines" });
  panel.append(make("div", { className: "pair" }, make("figure", {}, picture, make("figcaption", {}, "its weights w")), make("div", {}, title, lines)));
  return (chosen) => {
    const { l, j } = chosen ?? { l: 0, j: 0 };
    const layer = network.layers[l];
    const isOutput = l === network.layers.length - 1;
    const name = isOutput ? `the output of ${network.facts.classes[j]}` : "hidden";
    title.textContent = `Layer ${l}, unit ${j + 1} of ${layer.n}: ${name}`;
    picture.setAttribute("aria-label", `The ${layer.p} weights of unit ${j + 1}`);
    drawSigned(picture, weightsOf(layer, j), layOut(layer.p, l ? null : network.facts.shape));
    lines.replaceChildren(...explain(network, l, j));
  };
}
