// The page: what is drawn goes through the network, and every part shows its side of it.

import { BlankError } from "../images/segmentation.js";
import { prepare } from "../images/preparation.js";
import { startWorker } from "../maths/learning.js";
import { forward, makeLayers } from "../maths/network.js";
import { decodeWeights } from "../maths/weights.js";
import { makeAnswer } from "./answer.js";
import { makeBackwardPanel } from "./backward.js";
import { Diagram } from "./diagram.js";
import { find, forgetColours, make, percent } from "./elements.js";
import { makeLearnPanel } from "./learn.js";
import { Pad } from "./pad.js";
import { drawInk, readPicture } from "./pictures.js";
import { makeStepsPanel } from "./steps.js";
import { makeUnitPanel } from "./unit.js";

const PHOTO = "Prepared with the steps of nnfang predict; of a photo, predict itself reads more formats and sizes.";

/** The network of the page, and what it makes of the image: x, and z and a of each layer; null without an image. */
function readNetwork() {
  const facts = JSON.parse(find("network").textContent);
  const theta = decodeWeights(find("weights").textContent, facts.dtype);
  const layers = makeLayers(facts.layers, facts.inputs, theta);
  const isProbability = layers.at(-1).activation === "softmax";
  return { facts, theta, trained: theta.slice(), layers, isProbability, image: null, x: null, states: null };
}

/** Let the network see an image (h w,) of bytes, or numbers as they are. */
function see(network, x) {
  network.x = x;
  network.states = x && forward(network.layers, x);
}

function startPage(source) {
  const network = readNetwork();
  const { facts } = network;
  tellFacts(network);
  const answer = makeAnswer(find("answer"), facts, network.isProbability);
  const panels = new Map();
  let [active, note, chosen] = ["unit", "", null];
  const show = (layers, options) => diagram.draw({ x: network.x ?? new Float64Array(facts.inputs), layers }, options);
  const showValues = (name, reached = network.layers.length - 1) =>
    show(network.states ? network.states.map((state, l) => (l === reached ? state[name] : state.a)) : network.layers.map(({ n }) => new Float64Array(n)),
      { name, reached: network.states ? reached : -1 });
  const refresh = (isDone = true) => {
    answer(network.states?.at(-1).a ?? null, note, isDone);
    showValues("a");
    panels.get(active)(chosen);
  };
  const rerun = () => [see(network, network.x), refresh()];
  const diagram = new Diagram(find("diagram"), network, (l, j, isMeant) => {
    if (active !== "unit" && !isMeant) return; // the pointer only passes, on its way to something else
    if (active === "unit" && chosen?.l === l && chosen.j === j) return;
    chosen = diagram.chosen = { l, j };
    if (active !== "unit") activate("unit");
    else [showValues("a"), panels.get("unit")(chosen)];
  });
  const add = (name, title, build) => {
    const tab = make("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` }, title);
    const panel = make("div", { className: "panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": tab.id });
    find("tabs").append(tab);
    find("panels").append(panel);
    panels.set(name, build(panel));
    tab.onclick = () => activate(name);
  };
  const activate = (name) => {
    active = name;
    for (const key of panels.keys()) {
      find(`tab-${key}`).setAttribute("aria-selected", String(key === name));
      find(`panel-${key}`).hidden = key !== name;
    }
    refresh();
  };
  add("unit", "A unit", (panel) => makeUnitPanel(panel, network));
  add("steps", "Step by step", (panel) => makeStepsPanel(panel, network, ({ kind, reached }) => showValues(kind, reached)));
  add("backward", "Backward", (panel) => makeBackwardPanel(panel, network, (deltas) => show(deltas, { name: "∂L/∂z" }), rerun));
  if (facts.learn) add("learn", "Learn", (panel) => makeLearnPanel(panel, network, source, rerun));
  const seen = facts.shape.length === 2 ? makePad(network, facts, (text, isDone) => [(note = text), refresh(isDone)]) : null;
  if (!seen) makeField(network, facts, (text) => [(note = text), refresh()]);
  activate("unit");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [forgetColours(), refresh(), seen?.()]);
  globalThis.nnfang = { network, forward, prepare };
}

/** The pad, its buttons, and what the network sees.  Returns what draws the last anew. */
function makePad(network, facts, changed) {
  const canvas = make("canvas", { id: "pad", role: "application", tabIndex: 0 });
  canvas.setAttribute("aria-label", "Pad to draw on. Arrow keys move the pen, space puts it down and lifts it, Backspace undoes, Delete clears.");
  const picture = make("canvas", { className: "pixels seen", id: "image", role: "img" });
  picture.setAttribute("aria-label", "The image that the network sees");
  find("seen").append(picture, make("figcaption", {}, `what the network sees: ${facts.shape.join("×")}`));
  const redraw = () => drawInk(picture, network.x ?? new Float64Array(facts.inputs), facts.shape);
  const pad = new Pad(canvas, (isDone) => {
    let note = "";
    network.image = null;
    if (!pad.isEmpty) {
      try {
        const prepared = prepare(pad.grey, facts.shape, facts.preparation);
        network.image = prepared.image.data;
        note = [pad.picture && PHOTO, ...prepared.warnings.map((text) => `Note: ${text}.`)].filter(Boolean).join(" ");
      } catch (error) {
        if (!(error instanceof BlankError)) throw error;
        note = `There is ${error.message}.`;
      }
    }
    see(network, network.image && Float64Array.from(network.image, (level) => level / 255));
    redraw();
    changed(note, isDone);
  });
  const [undo, clear] = ["Undo", "Clear"].map((text) => make("button", { type: "button", id: text.toLowerCase() }, text));
  [undo.onclick, clear.onclick] = [() => pad.undo(), () => pad.clear()];
  const file = make("input", { type: "file", accept: "image/*", className: "hidden", id: "file" });
  const open = make("label", { className: "button" }, "Open a picture", file);
  const place = async (blob) => {
    try {
      pad.place(await readPicture(blob));
    } catch {
      changed("That is no picture that this browser can read.", true);
    }
  };
  file.onchange = () => file.files.length && place(file.files[0]);
  document.addEventListener("paste", (event) => event.clipboardData.files.length && place(event.clipboardData.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) place(event.dataTransfer.files[0]);
  });
  const pen = make("div", { id: "pen" });
  pad.onPen = (x, y) => [(pen.style.left = `${100 * x}%`), (pen.style.top = `${100 * y}%`)];
  pad.onPen(0.5, 0.5);
  find("input").append(make("div", { className: "paper" }, canvas, pen), make("div", { className: "row" }, undo, clear, open),
    make("p", { className: "quiet" }, "Draw with a mouse, a finger or a pen; or drop or paste a picture."));
  redraw();
  return redraw;
}

/** A field for the inputs of a network that sees no pictures. */
function makeField(network, facts, changed) {
  const field = make("textarea", { id: "numbers", spellcheck: false });
  field.oninput = () => {
    const numbers = field.value.split(/[\s,;]+/).filter(Boolean).map(Number);
    const isRight = numbers.length === facts.inputs && numbers.every(Number.isFinite);
    see(network, isRight ? Float64Array.from(numbers) : null);
    changed(isRight ? "" : `${facts.inputs} numbers are needed; there are ${numbers.filter(Number.isFinite).length}.`);
  };
  find("input").append(make("label", { htmlFor: "numbers" }, `Paste ${facts.inputs} numbers, as the network sees them (bytes divided by 255).`), field);
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
