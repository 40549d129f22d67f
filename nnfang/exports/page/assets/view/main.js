// The page: what is drawn goes through the network, and every part shows its side of it.

import { prepare } from "../images/preparation.js";
import { startWorker } from "../maths/learning.js";
import { forward, makeLayers } from "../maths/network.js";
import { decodeWeights } from "../maths/weights.js";
import { makeAnswer } from "./answer.js";
import { makeBackwardPanel } from "./backward.js";
import { Diagram } from "./diagram.js";
import { find, forgetColours, percent } from "./elements.js";
import { makeField, makePad, see } from "./input.js";
import { makeLearnPanel } from "./learn.js";
import { makeStepsPanel } from "./steps.js";
import { Tabs } from "./tabs.js";
import { makeUnitPanel } from "./unit.js";

/** The network of the page, and what it makes of the image: x, and z and a of each layer; null without an image. */
function readNetwork() {
  const facts = JSON.parse(find("network").textContent);
  const theta = decodeWeights(find("weights").textContent, facts.dtype);
  const layers = makeLayers(facts.layers, facts.inputs, theta);
  const isProbability = layers.at(-1).activation === "softmax";
  return { facts, theta, trained: theta.slice(), layers, isProbability, image: null, x: null, states: null };
}

function startPage(source) {
  const network = readNetwork();
  const { facts } = network;
  tellFacts(network);
  const answer = makeAnswer(find("answer"), facts, network.isProbability);
  const panels = new Map();
  let [note, chosen] = ["", null];
  const show = (layers, options) => diagram.draw({ x: network.x ?? new Float64Array(facts.inputs), layers }, options);
  const showValues = (name, reached = network.layers.length - 1) =>
    show(network.states ? network.states.map((state, l) => (l === reached ? state[name] : state.a)) : network.layers.map(({ n }) => new Float64Array(n)),
      { name, reached: network.states ? reached : -1 });
  const refresh = (isDone = true) => {
    answer(network.states?.at(-1).a ?? null, note, isDone);
    showValues("a");
    panels.get(tabs.active)(chosen);
  };
  const rerun = (isDone) => [see(network, network.x), refresh(isDone)];
  const diagram = new Diagram(find("diagram"), network, (l, j, isMeant) => {
    if (tabs.active !== "unit" && !isMeant) return; // the pointer only passes, on its way to something else
    if (tabs.active === "unit" && chosen?.l === l && chosen.j === j) return;
    chosen = diagram.chosen = { l, j };
    if (tabs.active !== "unit") tabs.choose("unit");
    else [showValues("a"), panels.get("unit")(chosen)];
  });
  const tabs = new Tabs(find("tabs"), find("panels"), () => refresh());
  const add = (name, title, build) => panels.set(name, build(tabs.add(name, title)));
  add("unit", "A unit", (panel) => makeUnitPanel(panel, network));
  add("steps", "Step by step", (panel) => makeStepsPanel(panel, network, ({ kind, reached }) => showValues(kind, reached)));
  add("backward", "Backward", (panel) => makeBackwardPanel(panel, network, (deltas) => show(deltas, { name: "∂L/∂z" }), () => rerun(true)));
  if (facts.learn) add("learn", "Learn", (panel) => makeLearnPanel(panel, network, source, () => rerun(false)));
  const seen = facts.shape.length === 2 ? makePad(network, facts, (text, isDone) => [(note = text), refresh(isDone)]) : null;
  if (!seen) makeField(network, facts, (text) => [(note = text), refresh()]);
  tabs.choose("unit");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [forgetColours(), refresh(), seen?.()]);
  globalThis.nnfang = { network, forward, prepare };
}

function tellFacts({ facts, layers }) {
  const units = [facts.inputs, ...layers.map(({ n }) => n)].join("-");
  const tested = facts.tested ? `, ${percent(facts.tested.accuracy)} of ${facts.tested.images.toLocaleString("en")} test images of ${facts.tested.dataset} classified correctly` : "";
  find("facts").textContent = `${units}, ${facts.parameters.toLocaleString("en")} parameters, trained on ${facts.dataset}${tested}. It runs in this page; nothing that you draw leaves it.`;
  const precision = facts.dtype === "float16"
    ? `The weights are rounded to 16 bits, which changed no output by more than ${facts.change.toExponential(1)} on the images tried.`
    : "The weights are in 32 bits.";
  const origin = Object.entries(facts.origin).map(([key, value]) => `${key}: ${value}`).join("; ");
  find("footer").textContent = `Written by nnfang ${facts.version}. ${precision} The letters and the numbers of the equations are those of A. Fang, “The Fascinating Maths Behind Neural Networks”. ${origin && `Trained on: ${origin}.`}`;
}

if (globalThis.document) startPage(document.currentScript.textContent);
else startWorker(globalThis);
