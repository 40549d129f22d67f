// Algorithm 3, one image at a time, in a worker: the page stays alive however fast it learns.

import { backward, forward, makeLayers, measureLoss, update } from "./network.js";

const SLICE = 40; // milliseconds of learning between two reports

/** Numbers from 0 to 1 of a seed (mulberry32): the same each time, but not those that nnfang would draw. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** First weights: W uniform in ±√(6/(n + p)) (Glorot and Bengio 2010, eq. 16), b zero. */
export function initialize(layers, random) {
  for (const { n, p, W, b } of layers) {
    const limit = Math.sqrt(6 / (n + p));
    for (let i = 0; i < W.length; i++) W[i] = limit * (2 * random() - 1);
    b.fill(0);
  }
}

/** The worker: takes { kind: "start" | "pace" | "once", … }, and posts where learning stands. */
export function startWorker(scope) {
  let run = null;
  let [pace, credit, before] = [0, 0, 0]; // images per second; Infinity is as fast as it goes
  const tick = () => {
    const now = performance.now();
    credit = pace === Infinity ? pace : Math.min(credit + (pace * (now - before)) / 1000, Math.max(1, pace));
    before = now;
    const until = now + SLICE;
    let learned = 0;
    while (credit >= 1 && performance.now() < until) {
      learn(run);
      credit -= 1;
      learned += 1;
    }
    if (learned) report(scope, run);
    if (pace) setTimeout(tick, pace > 1000 ? 0 : SLICE / 2);
  };
  scope.onmessage = ({ data }) => {
    if (data.kind === "start") {
      pace = 0;
      run = begin(data);
      report(scope, run);
    } else if (data.kind === "once") {
      learn(run);
      report(scope, run);
    } else {
      const wasIdle = pace === 0;
      pace = data.pace;
      [credit, before] = [pace ? 1 : 0, performance.now()];
      if (wasIdle && pace) setTimeout(tick, 0);
    }
  };
}

function begin({ descriptions, inputs, size, images, labels, tests, loss, alpha, seed }) {
  const theta = new Float32Array(size);
  const layers = makeLayers(descriptions, inputs, theta);
  const random = makeRandom(seed);
  initialize(layers, random);
  const training = labels.length - tests;
  return { theta, layers, random, inputs, images, labels, training, loss, alpha, step: 0, order: [], curve: [], sum: 0, count: 0 };
}

const takeImage = ({ images, inputs }, i) => Float64Array.from(images.subarray(i * inputs, (i + 1) * inputs), (v) => v / 255);

/** The body of Algorithm 3: forward, backward, update. */
function learn(run) {
  if (!run.order.length) run.order = shuffle(run.training, run.random);
  const i = run.order.pop();
  const x = takeImage(run, i);
  const states = forward(run.layers, x);
  const loss = measureLoss(states.at(-1), run.labels[i], run.loss);
  update(run.layers, x, states, backward(run.layers, states, run.labels[i], run.loss), run.alpha);
  run.step += 1;
  run.last = { image: i, loss };
  run.sum += loss;
  run.count += 1;
  if (run.count === 50) {
    run.curve.push({ step: run.step, loss: run.sum / 50, accuracy: measureAccuracy(run) });
    [run.sum, run.count] = [0, 0];
  }
}

function shuffle(count, random) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** The fraction of the test images, which come last, that is classified correctly; it never learns from them. */
function measureAccuracy(run) {
  let correct = 0;
  for (let i = run.training; i < run.labels.length; i++) {
    const { a } = forward(run.layers, takeImage(run, i)).at(-1);
    correct += a.indexOf(Math.max(...a)) === run.labels[i];
  }
  return correct / (run.labels.length - run.training);
}

function report(scope, { theta, step, last, curve, training }) {
  scope.postMessage({ theta: theta.slice(), step, last, curve, training });
}
