// The paper's algorithms for one sample, in its letters: nnfang/core/backprop.py.
//
// Layers are counted from 0, the first that has weights. W (n, p) is stored column by column, as nnfang does: the
// weights that leave unit i of the layer before are W[i n] to W[i n + n - 1].

import { ACTIVATIONS, softmax } from "./activations.js";

/**
 * A layer with weights.
 * @typedef {object} Layer
 * @property {number} n units
 * @property {number} p units of the layer before
 * @property {string} activation
 * @property {number} dropout the rate of a dropout layer behind it, or 0; nothing is dropped when predicting
 * @property {Float32Array} W (n p,)
 * @property {Float32Array} b (n,)
 */

/** Layers whose W and b are views of θ.  @returns {Layer[]} */
export function makeLayers(descriptions, inputs, theta) {
  const layers = [];
  let [start, p] = [0, inputs];
  for (const { type, units, activation, rate } of descriptions) {
    if (type === "dropout") {
      if (layers.length) layers[layers.length - 1].dropout = rate;
      continue;
    }
    const W = theta.subarray(start, start + units * p);
    const b = theta.subarray(start + units * p, start + units * p + units);
    layers.push({ n: units, p, activation, dropout: 0, W, b });
    start += units * (p + 1);
    p = units;
  }
  return layers;
}

/** Algorithm 2.  x (inputs,) -> z and a of each layer, each (n,) */
export function forward(layers, x) {
  const states = [];
  let a = x;
  for (const layer of layers) {
    const z = affine(layer, a);
    a = layer.activation === "softmax" ? softmax(z) : z.map(ACTIVATIONS[layer.activation].value); // a = Q(z) (eq. 2, 7)
    states.push({ z, a });
  }
  return states;
}

/** z = W a_previous + b (eq. 1).  (p,) -> (n,) */
function affine({ n, p, W, b }, a) {
  const z = Float64Array.from(b);
  for (let i = 0; i < p; i++) {
    if (a[i] === 0) continue;
    for (let j = 0; j < n; j++) z[j] += W[i * n + j] * a[i];
  }
  return z;
}

/** L = -Σ y_i log ŷ_i (eq. 3), from z, since ŷ may round to 0; or Σ (ŷ_i - y_i)² / n. */
export function measureLoss({ z, a }, label, loss) {
  if (loss === "mean_squared_error") return a.reduce((sum, v, i) => sum + (v - (i === label)) ** 2, 0) / a.length;
  const most = Math.max(...z);
  return Math.log(z.reduce((sum, v) => sum + Math.exp(v - most), 0)) - (z[label] - most);
}

/** Algorithm 1 without its updates: δ = ∂L/∂z of each layer, each (n,). */
export function backward(layers, states, label, loss) {
  const deltas = [];
  const last = layers.length - 1;
  deltas[last] = outputDelta(layers[last], states[last], label, loss);
  for (let l = last; l > 0; l--) {
    const { slope } = ACTIVATIONS[layers[l - 1].activation];
    const { z, a } = states[l - 1];
    deltas[l - 1] = propagate(layers[l], deltas[l]).map((d, i) => d * slope(z[i], a[i])); // Q'(z) ⊙ Wᵀ δ (eq. 38)
  }
  return deltas;
}

/** ∂L/∂z = ŷ - y (eq. 32), or by the chain rule (eq. 6, 14, 20) where the loss is the mean squared error. */
function outputDelta({ activation }, { a }, label, loss) {
  const error = a.map((value, i) => value - (i === label));
  if (loss === "categorical_crossentropy") return error;
  const gradient = error.map((value) => (2 * value) / a.length);
  if (activation !== "softmax") return gradient;
  const mean = gradient.reduce((sum, value, i) => sum + value * a[i], 0);
  return gradient.map((value, i) => a[i] * (value - mean));
}

/** Wᵀ δ.  (n,) -> (p,) */
function propagate({ n, p, W }, delta) {
  const product = new Float64Array(p);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < n; j++) product[i] += W[i * n + j] * delta[j];
  }
  return product;
}

/** w := w - α ∂L/∂w with ∂L/∂w = δ a_previousᵀ (eq. 39, 44), b := b - α δ (eq. 40, 45); all δ are known before. */
export function update(layers, x, states, deltas, alpha) {
  layers.forEach(({ n, p, W, b }, l) => {
    const a = l ? states[l - 1].a : x; // a_previous of the first layer is x (eq. 42)
    const delta = deltas[l];
    for (let i = 0; i < p; i++) {
      if (a[i] === 0) continue;
      for (let j = 0; j < n; j++) W[i * n + j] -= alpha * delta[j] * a[i];
    }
    for (let j = 0; j < n; j++) b[j] -= alpha * delta[j];
  });
}
