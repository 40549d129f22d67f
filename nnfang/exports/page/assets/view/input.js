// What goes in: the pad with its buttons and pictures, or a field for numbers.

import { prepare } from "../images/preparation.js";
import { BlankError } from "../images/segmentation.js";
import { forward } from "../maths/network.js";
import { find, make } from "./elements.js";
import { makeExamples } from "./examples.js";
import { Pad } from "./pad.js";
import { drawInk, readPicture } from "./pictures.js";

const PHOTO = "Prepared with the steps of nnfang predict; of a photo, predict itself reads more formats and sizes.";
const EXAMPLE = "An example: draw over it.";

/** Let the network see an image (h w,) of bytes, or numbers as they are. */
export function see(network, x) {
  network.x = x;
  network.states = x && forward(network.layers, x);
}

/** The pad, its buttons, and what the network sees.  Returns what draws the last anew. */
export function makePad(network, facts, changed) {
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
        const source = pad.sheet.grey ? PHOTO : pad.sheet.isExample && EXAMPLE;
        note = [source, ...prepared.warnings.map((text) => `Note: ${text}.`)].filter(Boolean).join(" ");
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
  file.onchange = async () => {
    if (file.files.length) await place(file.files[0]);
    file.value = ""; // or the same file could not be opened again
  };
  document.addEventListener("paste", (event) => event.clipboardData.files.length && place(event.clipboardData.files[0]));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey) || event.target.matches("input, select")) return;
    event.preventDefault();
    pad.undo();
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) place(event.dataTransfer.files[0]);
  });
  const pen = make("div", { id: "pen" });
  pad.onPen = (x, y) => [(pen.style.left = `${100 * x}%`), (pen.style.top = `${100 * y}%`)];
  pad.onPen(0.5, 0.5);
  find("input").append(make("div", { className: "paper" }, canvas, pen), make("div", { className: "row" }, undo, clear, open),
    make("p", { className: "quiet" }, "Draw with a mouse, a finger or a pen; drop or paste a picture; or take an example."));
  find("input").append(makeExamples(facts.classes, pad));
  redraw();
  return redraw;
}

/** A field for the inputs of a network that sees no pictures. */
export function makeField(network, facts, changed) {
  const field = make("textarea", { id: "numbers", spellcheck: false });
  field.oninput = () => {
    const numbers = field.value.split(/[\s,;]+/).filter(Boolean).map(Number);
    const isRight = numbers.length === facts.inputs && numbers.every(Number.isFinite);
    see(network, isRight ? Float64Array.from(numbers) : null);
    changed(isRight ? "" : `${facts.inputs} numbers are needed; there are ${numbers.filter(Number.isFinite).length}.`);
  };
  find("input").append(make("label", { htmlFor: "numbers" }, `Paste ${facts.inputs} numbers, as the network sees them (bytes divided by 255).`), field);
}
