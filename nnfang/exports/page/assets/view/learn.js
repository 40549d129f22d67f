// Learning before the reader's eyes: Algorithm 3 from fresh weights, in a worker.

import { decodeBase64 } from "../maths/weights.js";
import { field, find, make, percent, show, svg } from "./elements.js";
import { drawSigned, layOut } from "./pictures.js";
import { weightsOf } from "./unit.js";

const PACES = [["1 image per second", 1], ["10 per second", 10], ["100 per second", 100], ["as fast as it goes", Infinity]];
const [CURVE_WIDTH, CURVE_HEIGHT] = [440, 150];
const MOST_FILTERS = 128;

/** The images of the sheet.  @returns {Promise<Uint8Array>} (m inputs,) */
async function readSheet() {
  const blob = new Blob([decodeBase64(find("sheet").textContent)], { type: "image/png" });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = make("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
}

/** The panel; `moved()` follows each report of the worker, whose weights are then those of the page. */
export function makeLearnPanel(panel, network, source, moved) {
  const { facts, layers } = network;
  const seed = make("input", { type: "number", id: "seed", min: "0", step: "1", value: "0" });
  const alpha = make("input", { type: "number", id: "learn-alpha", min: "0", step: "any", value: String(facts.alpha) });
  const pace = make("select", { id: "pace" }, ...PACES.map(([name], i) => make("option", { value: String(i), selected: i === 3 }, name)));
  const [run, once, again] = ["Start", "One image", "Start over"].map((text) => make("button", { type: "button" }, text));
  Object.assign(run, { className: "main", id: "run" });
  const [status, curve] = [make("p", { id: "learn-status" }), make("div", { id: "curve" })];
  const filters = make("canvas", { className: "filters pixels", role: "img", "aria-label": "The weights of the units of the first layer" });
  panel.append(
    make("p", {}, `Algorithm 3 from fresh weights, on ${(facts.learn.labels.length - facts.learn.tests).toLocaleString("en")} training images of ${facts.learn.dataset}${layers.some(({ dropout }) => dropout) ? ", without dropout" : ""}; the pad above is read by this network as it learns.`),
    make("div", { className: "row" }, run, once, again, field("pace", pace), field("learning rate α", alpha), field("seed", seed)),
    status, curve, make("h3", {}, "The weights of the first layer"), filters,
  );
  let [worker, starting, isRunning] = [null, null, false];
  const setRunning = (value) => {
    isRunning = value;
    run.textContent = value ? "Pause" : "Start";
    worker?.postMessage({ kind: "pace", pace: value ? PACES[pace.value][1] : 0 });
  };
  const stop = () => {
    worker?.terminate();
    [worker, starting] = [null, null];
    setRunning(false);
  };
  const start = async () => {
    stop();
    const images = await readSheet();
    worker?.terminate(); // of another start, meanwhile
    worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => {
      network.theta.set(data.theta);
      status.textContent = tell(data, facts);
      drawCurve(curve, data.curve);
      drawFilters(filters, network);
      moved();
    };
    worker.postMessage({
      kind: "start", descriptions: facts.layers, inputs: facts.inputs, size: network.theta.length, images,
      labels: facts.learn.labels, tests: facts.learn.tests, loss: facts.loss, alpha: Number(alpha.value), seed: Number(seed.value),
    });
  };
  const ready = () => (starting ??= start()); // a second click does not start a second worker
  run.onclick = async () => [await ready(), setRunning(!isRunning)];
  once.onclick = async () => [await ready(), setRunning(false), worker.postMessage({ kind: "once" })];
  again.onclick = () => [stop(), ready()];
  network.stopLearning = () => {
    if (!worker) return;
    stop();
    status.textContent = "Ended, because the weights were changed by hand.";
  };
  pace.onchange = () => isRunning && setRunning(true);
  return () => (status.textContent ||= "Not started: the network is still the trained one.");
}

function tell({ step, last, curve, training }, { classes, learn }) {
  if (!step) return "Fresh weights: it knows nothing.";
  const known = curve.at(-1);
  const accuracy = known ? ` ${percent(known.accuracy)} of ${learn.tests} test images correct.` : "";
  return `Image ${step.toLocaleString("en")} (epoch ${Math.ceil(step / training)}): a ${classes[learn.labels[last.image]]}, loss ${show(last.loss)}.${accuracy}`;
}

/** Loss and accuracy over the images, each labelled at the end of its line. */
function drawCurve(place, curve) {
  if (!curve.length) return place.replaceChildren();
  const root = svg("svg", { viewBox: `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`, class: "curve", role: "img", "aria-label": "Loss and accuracy" });
  const [right, bottom] = [CURVE_WIDTH - 100, CURVE_HEIGHT - 20];
  const most = Math.max(...curve.map(({ loss }) => loss));
  root.append(svg("path", { class: "axis", d: `M0 ${bottom}H${right}` }));
  for (const [name, full, written] of [["loss", most, show], ["accuracy", 1, percent]]) {
    const at = (point) => bottom - (point[name] / full) * (bottom - 8);
    const points = curve.map((point, i) => `${((i + 1) / curve.length) * right} ${at(point).toFixed(1)}`);
    const last = curve.at(-1);
    root.append(svg("path", { class: name, d: `M${points.join("L")}` }));
    root.append(svg("text", { class: name, x: right + 6, y: at(last) + 4 }, `${name} ${written(last[name])}`));
  }
  root.append(svg("text", { x: right, y: CURVE_HEIGHT - 4, "text-anchor": "end" }, `${curve.at(-1).step.toLocaleString("en")} images`));
  place.replaceChildren(root);
}

/** The weights of each unit of the first layer, side by side. */
function drawFilters(canvas, { layers, facts }) {
  const [h, w] = layOut(facts.inputs, facts.shape);
  const count = Math.min(layers[0].n, MOST_FILTERS);
  const columns = Math.min(count, 16);
  const rows = Math.ceil(count / columns);
  const sheet = new Float32Array(rows * (h + 1) * columns * (w + 1));
  let most = 1e-12;
  for (let j = 0; j < count; j++) {
    const weights = weightsOf(layers[0], j);
    for (let i = 0; i < weights.length; i++) {
      const [y, x] = [Math.floor(j / columns) * (h + 1) + Math.floor(i / w), (j % columns) * (w + 1) + (i % w)];
      sheet[y * columns * (w + 1) + x] = weights[i];
      most = Math.max(most, Math.abs(weights[i]));
    }
  }
  drawSigned(canvas, sheet, [rows * (h + 1), columns * (w + 1)], most);
}
