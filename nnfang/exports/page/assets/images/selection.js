// Select the components that are the digit, among frames, boxes, other digits and dust: nnfang/images/selection.py.

import { crop } from "./arrays.js";
import { maskOf, sizeOf, touchesBorder } from "./components.js";

// Fractions, and what of, are explained at nnfang.images.selection.SelectionThresholds.
const [BORDER_WEIGHT, FRAME_WEIGHT, FRAME_SIDE] = [0.1, 1e-6, 0.35];
const [MIN_AREA, MIN_TONE] = [0.01, 0.5];
const [MAX_GAP, MAX_FRAGMENT_GAP, FRAGMENT_SIZE] = [0.3, 0.05, 0.15];
const [BESIDE_GAP, BESIDE_HEIGHT] = [0.04, 0.6];
const [RIVAL_MASS, RIVAL_HEIGHT] = [0.15, 0.5];
const [BOX_CANDIDATES, BOX_MIN_SIDE, BOX_STRAIGHT, BOX_MAX_FILLED, BOX_CONTENT] = [5, 16, 0.85, 0.4, 0.15];

/**
 * Select the component with the most ink that is no frame, and the strokes near it.
 * @returns {{mask: Grey, touchesBorder: boolean, hasRivals: boolean} | null} null if there is none
 */
export function selectDigit(components) {
  const { list } = components;
  const weights = weigh(components);
  const most = Math.max(0, ...weights);
  if (most === 0) return null;
  const main = list[weights.indexOf(most)];
  const tone = (component) => component.mass / component.area;
  const strokes = list.filter(
    (component, label) =>
      weights[label] > FRAME_WEIGHT * component.mass &&
      component.area > Math.max(1, MIN_AREA * main.area) &&
      tone(component) > MIN_TONE * tone(main),
  );
  const selected = new Set([main]);
  const box = main.box.slice();
  for (;;) {
    const near = strokes.filter((component) => !selected.has(component) && isNear(component, box));
    if (!near.length) break;
    near.forEach((component) => selected.add(component));
    for (const component of selected) {
      for (const side of [0, 1]) box[side] = Math.min(box[side], component.box[side]);
      for (const side of [2, 3]) box[side] = Math.max(box[side], component.box[side]);
    }
  }
  const isRival = (component) =>
    !selected.has(component) &&
    component.mass > RIVAL_MASS * main.mass &&
    sizeOf(component)[1] > RIVAL_HEIGHT * (box[3] - box[1]);
  return {
    mask: maskOf(components, (label) => selected.has(list[label])),
    touchesBorder: [...selected].some(touchesBorder),
    hasRivals: strokes.some(isRival),
  };
}

/** Which of the heaviest components are rectangles around another, such as the boxes of a form.  (n,) -> labels */
export function findBoxes(components, weights) {
  const order = weights.map((_, label) => label).sort((a, b) => weights[b] - weights[a]);
  return order
    .slice(0, BOX_CANDIDATES)
    .filter((label) => isRectangle(components, label) && enclosesAnother(components, label));
}

/** How likely each component is the digit: its mass, less where it touches the border, 0 for boxes.  (n,) */
function weigh(components) {
  const { list, height, width } = components;
  const sides = [height, width, height, width];
  const weights = list.map((component) => {
    const isFrame = component.border.some((pixels, i) => pixels > FRAME_SIDE * sides[i]);
    return component.mass * (touchesBorder(component) ? BORDER_WEIGHT : 1) * (isFrame ? FRAME_WEIGHT : 1);
  });
  for (const label of findBoxes(components, weights)) weights[label] = 0;
  return weights;
}

/** Whether a component is near a box, and not another digit beside it. */
function isNear(component, box) {
  const gaps = [0, 1].map((i) => Math.max(component.box[i] - box[i + 2], box[i] - component.box[i + 2]));
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const size = sizeOf(component);
  const isBeside = gaps[0] > BESIDE_GAP * height && size[1] > BESIDE_HEIGHT * height;
  const longest = Math.max(width, height);
  const isFragment = Math.max(...size) < FRAGMENT_SIZE * longest || touchesBorder(component);
  return Math.max(...gaps) <= (isFragment ? MAX_FRAGMENT_GAP : MAX_GAP) * longest && !isBeside;
}

/** Whether a component is a thin outline, with ink along at least three sides of its bounding box. */
function isRectangle(components, label) {
  const component = components.list[label];
  const [width, height] = sizeOf(component);
  const shorter = Math.min(width, height);
  if (shorter < BOX_MIN_SIDE || component.area > BOX_MAX_FILLED * width * height) return false;
  const { data } = crop(maskOf(components, (other) => other === label), component.box);
  const band = Math.max(2, Math.floor(shorter / 20));
  const columns = (start) => fractionOf(width, (x) => any(band, (y) => data[(start + y) * width + x]));
  const rows = (start) => fractionOf(height, (y) => any(band, (x) => data[y * width + start + x]));
  const sides = [columns(0), columns(height - band), rows(0), rows(width - band)];
  return sides.filter((side) => side > BOX_STRAIGHT).length >= sides.length - 1;
}

function any(count, holds) {
  for (let i = 0; i < count; i++) if (holds(i)) return true;
  return false;
}

function fractionOf(count, holds) {
  let found = 0;
  for (let i = 0; i < count; i++) found += holds(i);
  return found / count;
}

/** Whether there is a component of some size inside the bounding box of another. */
function enclosesAnother({ list }, label) {
  const outer = list[label];
  return list.some(
    (inner) =>
      [0, 1].every((i) => inner.box[i] > outer.box[i] && inner.box[i + 2] < outer.box[i + 2]) &&
      Math.max(...sizeOf(inner)) > BOX_CONTENT * Math.min(...sizeOf(outer)),
  );
}
