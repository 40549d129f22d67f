// The pad: strokes of a mouse, a finger, a pen or the arrow keys; undo and clear; or a picture or an example instead.

export const SIDE = 200; // pixels
const STROKE = 15; // pixels
const STEP = 6; // pixels that an arrow key moves the pen
const EXAMPLE_TIME = 700; // milliseconds in which an example draws itself

/**
 * What is on the pad: a picture, or strokes, each a list of points.
 * @typedef {{grey: Grey | null, strokes: number[][][], isExample: boolean}} Sheet
 */
const BLANK = { grey: null, strokes: [], isExample: false };

/** What is drawn on a canvas; `changed(isDone)` is called once a frame while drawing, and at the end of a stroke. */
export class Pad {
  constructor(canvas, changed) {
    [canvas.width, canvas.height] = [SIDE, SIDE];
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.history = []; // sheets, the last of which is seen
    this.lift();
    this.pen = { x: SIDE / 2, y: SIDE / 2 };
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.end(event));
    canvas.addEventListener("keydown", (event) => this.press(event));
    this.draw();
  }

  /** @returns {Sheet} */
  get sheet() {
    return this.history.at(-1) ?? BLANK;
  }

  get isEmpty() {
    return !this.sheet.grey && !this.sheet.strokes.length;
  }

  /** The grey levels of what is on the pad: of a picture its own, at their full size. */
  get grey() {
    if (this.sheet.grey) return this.sheet.grey;
    const { data } = this.context.getImageData(0, 0, SIDE, SIDE);
    const levels = new Uint8Array(SIDE * SIDE);
    for (let i = 0; i < levels.length; i++) levels[i] = data[4 * i];
    return { data: levels, height: SIDE, width: SIDE };
  }

  locate({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * SIDE, ((clientY - box.top) / box.height) * SIDE];
  }

  begin(event) {
    if (event.button || this.pointer !== null) return; // a second finger, or the heel of the hand, draws nothing
    this.canvas.setPointerCapture(event.pointerId);
    this.start(this.locate(event));
    this.pointer = event.pointerId;
  }

  /** A stroke begins, beside the others, or in the place of a picture or an example. */
  start(point) {
    const { grey, isExample, strokes } = this.sheet;
    this.stroke = [point];
    this.put({ ...BLANK, strokes: [...(grey || isExample ? [] : strokes), this.stroke] }, false);
  }

  move(event) {
    if (this.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.stroke.push(this.locate(each));
    this.update();
  }

  end(event) {
    if (this.pointer !== event.pointerId) return;
    this.lift();
    this.update(true);
  }

  /** Nothing is being drawn any more, by a pointer or by keys. */
  lift() {
    [this.stroke, this.pointer] = [null, null];
  }

  /** Arrow keys move the pen, which space or Enter puts down and lifts. */
  press(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const pen = this.pen;
    if (event.key in moves) {
      [pen.x, pen.y] = [pen.x, pen.y].map((at, i) => Math.min(SIDE, Math.max(0, at + STEP * moves[event.key][i])));
      this.onPen(pen.x / SIDE, pen.y / SIDE);
      if (this.stroke && this.pointer === null) [this.stroke.push([pen.x, pen.y]), this.update()];
    } else if (event.key === " " || event.key === "Enter") {
      if (!this.stroke) this.start([pen.x, pen.y]);
      else [this.lift(), this.update(true)];
    } else if (event.key === "Backspace") {
      this.undo();
    } else if (event.key === "Delete" || event.key === "Escape") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Back to what was on the pad before the last stroke, picture, example, or clearing. */
  undo() {
    this.lift();
    this.history.pop();
    this.update(true);
  }

  clear() {
    this.lift();
    if (!this.isEmpty) this.put(BLANK);
  }

  /** Put a picture in the place of strokes.  @param {Grey} grey */
  place(grey) {
    this.lift();
    this.put({ ...BLANK, grey });
  }

  /** Let strokes draw themselves, or be there at once.  @param {number[][][]} strokes */
  play(strokes, isAtOnce) {
    this.lift();
    const sheet = { ...BLANK, strokes: isAtOnce ? strokes : strokes.slice(0, 1).map(([point]) => [point]), isExample: true };
    this.put(sheet, isAtOnce);
    if (isAtOnce) return;
    const count = strokes.flat().length;
    const began = performance.now();
    const step = () => {
      if (this.sheet !== sheet) return; // something else is on the pad by now
      const part = Math.min(1, (performance.now() - began) / EXAMPLE_TIME);
      sheet.strokes = takePoints(strokes, Math.ceil(part * count));
      this.update(part === 1);
      if (part < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  put(sheet, isDone = true) {
    this.history.push(sheet);
    this.update(isDone);
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
    if (this.sheet.grey) return this.drawPicture(this.sheet.grey);
    [context.lineWidth, context.lineCap, context.lineJoin, context.strokeStyle] = [STROKE, "round", "round", "#000"];
    for (const points of this.sheet.strokes) {
      context.beginPath();
      const [x, y] = points[0];
      context.moveTo(x, y);
      context.lineTo(x + 0.01, y); // a line of no length at all, where somebody only taps, would not be drawn
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

/** The first points of strokes, and no stroke without any. */
function takePoints(strokes, count) {
  const taken = [];
  for (const stroke of strokes) {
    if (count > 0) taken.push(stroke.slice(0, count));
    count -= stroke.length;
  }
  return taken;
}
