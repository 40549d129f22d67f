// The layers side by side, each unit a square, and between them the strongest connections.

import { colour, make, show } from "./elements.js";
import { drawSigned, layOut, setSize } from "./pictures.js";

const WIRES = 24; // into each layer
const TALLEST = 16; // rows of units
const [CELL, SMALLEST] = [14, 3]; // pixels on the screen

/** The diagram of a network; `choose(layer, unit, isMeant)` is called when a unit is chosen, or merely passed over. */
export class Diagram {
  constructor(place, network, choose) {
    [this.place, this.network] = [place, network];
    this.wires = make("canvas", { className: "wires", "aria-hidden": "true" });
    place.append(this.wires);
    this.input = this.addFigure(`x: ${network.facts.shape.join("×")} inputs`);
    this.input.canvas.setAttribute("aria-hidden", "true"); // it is the image above once more
    this.input.shape = layOut(network.facts.inputs, network.facts.shape);
    this.layers = network.layers.map((layer, l) => this.addLayer(layer, l, choose));
    new ResizeObserver(() => this.arrange()).observe(place);
  }

  addFigure(caption) {
    const canvas = make("canvas", { className: "pixels" });
    const figure = make("figure", {}, make("figcaption", {}, caption), canvas);
    this.place.append(figure);
    return { canvas, figure };
  }

  addLayer({ n, activation, dropout }, l, choose) {
    const name = l === this.network.layers.length - 1 ? `layer ${l}, the output` : `layer ${l}`;
    const dropped = dropout ? `, dropout ${dropout}: none now` : "";
    const added = this.addFigure(`${name}: ${n} units, ${activation.replace("_", " ")}${dropped}`);
    const { canvas } = added;
    const roles = { role: "slider", tabindex: "0", "aria-label": name, "aria-valuemin": "1", "aria-valuemax": String(n) };
    Object.entries(roles).forEach(([key, value]) => canvas.setAttribute(key, value));
    const at = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      const [rows, columns] = added.shape;
      const [x, y] = [((clientX - box.left) / box.width) * columns, ((clientY - box.top) / box.height) * rows];
      return Math.floor(y) * columns + Math.floor(x);
    };
    const pick = (unit, isMeant = true) => unit >= 0 && unit < n && choose(l, unit, isMeant);
    canvas.addEventListener("pointermove", (event) => pick(at(event), false));
    canvas.addEventListener("pointerdown", (event) => pick(at(event)));
    canvas.addEventListener("focus", () => pick(this.chosen?.l === l ? this.chosen.j : 0, false));
    canvas.addEventListener("keydown", (event) => {
      const columns = added.shape[1];
      const j = this.chosen?.l === l ? this.chosen.j : 0;
      const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -j, End: n - 1 - j };
      if (!(event.key in moves)) return;
      event.preventDefault();
      pick(j + moves[event.key]);
    });
    return Object.assign(added, { n });
  }

  /** Lay out the units for the width that there is. */
  arrange() {
    const isNarrow = (this.isNarrow = getComputedStyle(this.place).flexDirection === "column");
    const room = this.place.clientWidth;
    this.input.canvas.style.width = `${isNarrow ? Math.min(room, 112) : 150}px`;
    for (const layer of this.layers) {
      const columns = isNarrow
        ? Math.min(layer.n, Math.max(TALLEST, Math.ceil(Math.sqrt(layer.n * 4))))
        : Math.ceil(layer.n / Math.max(Math.min(layer.n, TALLEST), Math.ceil(Math.sqrt(layer.n))));
      layer.shape = [Math.ceil(layer.n / columns), columns];
      const widest = isNarrow ? room - 4 : 180;
      const cell = Math.max(SMALLEST, Math.min(isNarrow ? 28 : CELL, Math.floor(widest / columns)));
      layer.canvas.style.width = `${cell * columns + 2}px`;
    }
    this.boxes = new Map(); // of canvases, as they lie now: to ask while drawing would lay out the page each time
    if (this.values) this.draw(this.values, this.options);
  }

  /**
   * Show a value of each unit.
   * @param {object} values x, and of each layer (n,): a, z or δ
   * @param {{reached?: number, name: string}} options the last layer that is shown, and what the values are
   */
  draw(values, options) {
    [this.values, this.options] = [values, options];
    if (!this.layers[0].shape) return; // not laid out yet; `arrange` draws then
    drawSigned(this.input.canvas, values.x, this.input.shape);
    const reached = options.reached ?? this.layers.length - 1;
    this.layers.forEach((layer, l) => {
      drawSigned(layer.canvas, l <= reached ? values.layers[l] : new Float64Array(layer.n), layer.shape);
      layer.figure.classList.toggle("later", l > reached);
      const j = this.chosen?.l === l ? this.chosen.j : 0;
      layer.canvas.setAttribute("aria-valuenow", String(j + 1));
      layer.canvas.setAttribute("aria-valuetext", `unit ${j + 1}: ${options.name} = ${show(values.layers[l][j])}`);
    });
    this.drawWires(reached);
  }

  /** The middle of a unit, in pixels of the diagram. */
  centre({ canvas, shape }, i) {
    const [rows, columns] = shape;
    const { left, top, width, height } = this.locate(canvas);
    return [left + ((i % columns) + 0.5) * (width / columns), top + (Math.floor(i / columns) + 0.5) * (height / rows)];
  }

  /** Where a canvas is in the diagram. */
  locate(canvas) {
    if (!this.boxes.has(canvas)) {
      const [box, outer] = [canvas, this.place].map((element) => element.getBoundingClientRect());
      const { width, height } = box;
      this.boxes.set(canvas, { left: box.left - outer.left, top: box.top - outer.top, width, height });
    }
    return this.boxes.get(canvas);
  }

  drawWires(reached) {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.locate(this.wires);
    setSize(this.wires, Math.round(width * ratio), Math.round(height * ratio));
    const context = this.wires.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    for (let l = 0; l <= reached; l++) {
      const a = l ? this.network.states[l - 1].a : this.network.x;
      const only = this.chosen?.l === l ? this.chosen.j : -1;
      const wires = findStrongest(this.network.layers[l], a, only);
      const most = Math.max(1e-12, ...wires.map(({ value }) => Math.abs(value)));
      for (const { i, j, value } of wires) {
        const [from, to] = [this.centre(l ? this.layers[l - 1] : this.input, i), this.centre(this.layers[l], j)];
        this.drawWire(context, from, to, value / most);
      }
    }
    if (this.chosen) this.drawChoice(context);
    this.drawNames(context);
  }

  drawWire(context, [x0, y0], [x1, y1], strength) {
    const [r, g, b] = colour(strength > 0 ? "--blue" : "--vermilion");
    context.strokeStyle = `rgba(${r}, ${g}, ${b}, ${0.15 + 0.5 * Math.abs(strength)})`;
    context.lineWidth = 0.5 + Math.abs(strength);
    context.beginPath();
    context.moveTo(x0, y0);
    if (this.isNarrow) context.bezierCurveTo(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1);
    else context.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
    context.stroke();
  }

  /** The classes beside the outputs, where there is room for their names. */
  drawNames(context) {
    const { classes } = this.network.facts;
    const output = this.layers.at(-1);
    if (output.shape[1] > 1 || classes.some((name) => name.length > 2)) return;
    [context.font, context.textBaseline] = ["11px system-ui, sans-serif", "middle"];
    context.fillStyle = `rgb(${colour("--quiet").join(",")})`;
    classes.forEach((name, j) => {
      const [x, y] = this.centre(output, j);
      context.fillText(name, x + 13, y);
    });
  }

  drawChoice(context) {
    const layer = this.layers[this.chosen.l];
    const [x, y] = this.centre(layer, this.chosen.j);
    const side = this.locate(layer.canvas).width / layer.shape[1] + 2;
    [context.strokeStyle, context.lineWidth] = [`rgb(${colour("--ink").join(",")})`, 2];
    context.strokeRect(x - side / 2, y - side / 2, side, side);
  }
}

/** The strongest connections w_ji a_i into a layer, or into its unit `only`. */
export function findStrongest({ n, p, W }, a, only = -1, count = WIRES) {
  const found = [];
  let least = 0;
  for (let i = 0; i < p; i++) {
    if (a[i] === 0) continue;
    const [first, last] = only < 0 ? [0, n] : [only, only + 1];
    for (let j = first; j < last; j++) {
      const value = W[i * n + j] * a[i];
      if (Math.abs(value) <= least) continue;
      found.push({ i, j, value });
      if (found.length < 8 * count) continue;
      keepStrongest(found, count);
      least = Math.abs(found.at(-1).value);
    }
  }
  keepStrongest(found, count);
  return found;
}

function keepStrongest(found, count) {
  found.sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  found.length = Math.min(found.length, count);
}
