// The pad: strokes of a mouse, a finger, a pen or the arrow keys; undo and clear; or a picture in their place.

const SIDE = 200; // pixels
const STROKE = 15; // pixels
const STEP = 6; // pixels that an arrow key moves the pen

/** What is drawn on a canvas; `changed(isDone)` is called once a frame while drawing, and at the end of a stroke. */
export class Pad {
  constructor(canvas, changed) {
    [canvas.width, canvas.height] = [SIDE, SIDE];
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.history = []; // strokes, each a list of points, and pictures
    this.stroke = null;
    this.pen = { x: SIDE / 2, y: SIDE / 2, isDown: false };
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.end());
    canvas.addEventListener("keydown", (event) => this.press(event));
    this.draw();
  }

  get isEmpty() {
    return !this.history.length;
  }

  /** The picture in the place of strokes, or null. */
  get picture() {
    const last = this.history.at(-1);
    return last?.grey ? last : null;
  }

  /** The grey levels of what is on the pad: of a picture its own, at their full size. */
  get grey() {
    if (this.picture) return this.picture.grey;
    const { data } = this.context.getImageData(0, 0, SIDE, SIDE);
    return { data: Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]), height: SIDE, width: SIDE };
  }

  locate({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * SIDE, ((clientY - box.top) / box.height) * SIDE];
  }

  begin(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.start(this.locate(event));
  }

  start(point) {
    this.stroke = [point];
    this.history.push(this.stroke);
    this.update();
  }

  move(event) {
    if (!this.stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.stroke.push(this.locate(each));
    this.update();
  }

  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.update(true);
  }

  /** Arrow keys move the pen, which space or Enter puts down and lifts. */
  press(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const pen = this.pen;
    if (event.key in moves) {
      [pen.x, pen.y] = [pen.x, pen.y].map((at, i) => Math.min(SIDE, Math.max(0, at + STEP * moves[event.key][i])));
      this.onPen(pen.x / SIDE, pen.y / SIDE);
      if (pen.isDown) this.stroke.push([pen.x, pen.y]);
      this.update();
    } else if (event.key === " " || event.key === "Enter") {
      pen.isDown = !pen.isDown;
      if (pen.isDown) this.start([pen.x, pen.y]);
      else this.end();
    } else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) {
      this.undo();
    } else if (event.key === "Delete" || event.key === "Escape") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  undo() {
    this.pen.isDown = false;
    this.stroke = null;
    this.history.pop();
    this.update(true);
  }

  clear() {
    this.pen.isDown = false;
    this.stroke = null;
    this.history = [];
    this.update(true);
  }

  /** Put a picture in the place of strokes.  @param {Grey} grey */
  place(grey) {
    this.history.push({ grey });
    this.update(true);
  }

  update(isDone = false) {
    this.isDone = this.isDone || isDone;
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const done = this.isDone;
      this.isDone = false;
      this.draw();
      this.changed(done);
    });
  }

  draw() {
    const { context } = this;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    if (this.picture) return this.drawPicture(this.picture.grey);
    const last = this.history.findLastIndex((entry) => entry.grey);
    [context.lineWidth, context.lineCap, context.lineJoin, context.strokeStyle] = [STROKE, "round", "round", "#000"];
    for (const points of this.history.slice(last + 1)) {
      context.beginPath();
      context.moveTo(...points[0]);
      for (const point of points) context.lineTo(...point);
      context.stroke();
    }
  }

  drawPicture({ data, height, width }) {
    const scale = SIDE / Math.max(height, width);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const pixels = new ImageData(width, height);
    data.forEach((level, i) => pixels.data.set([level, level, level, 255], 4 * i));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    const [w, h] = [width * scale, height * scale];
    this.context.drawImage(canvas, (SIDE - w) / 2, (SIDE - h) / 2, w, h);
  }
}
