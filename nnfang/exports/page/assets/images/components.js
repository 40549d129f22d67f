// Label the connected components of a mask, and measure them: nnfang/images/components.py.

import { makeGrey } from "./arrays.js";

/**
 * A connected component of a mask.
 * @typedef {object} Component
 * @property {number} area pixels
 * @property {number} mass the sum of the levels of its pixels
 * @property {number[]} box left, top, right, bottom of the bounding box
 * @property {number[]} border how many pixels are at the left, top, right and bottom border of the picture
 */

/**
 * Label the 8-connected components, in the order of their first pixels.
 * @param {Grey} mask (h, w)
 * @param {Grey} levels (h, w), the weight of each pixel
 * @returns {{labels: Int32Array, list: Component[], height: number, width: number}} labels (h w): -1 outside the mask
 */
export function labelComponents(mask, levels) {
  const { height, width } = mask;
  const roots = findRoots(mask);
  const labels = new Int32Array(height * width).fill(-1);
  const list = [];
  const numbers = new Map();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * width + x;
      if (!mask.data[place]) continue;
      const root = roots(place);
      if (!numbers.has(root)) {
        numbers.set(root, list.length);
        list.push({ area: 0, mass: 0, box: [x, y, x + 1, y + 1], border: [0, 0, 0, 0] });
      }
      labels[place] = numbers.get(root);
      extend(list[labels[place]], x, y, levels.data[place], height, width);
    }
  }
  return { labels, list, height, width };
}

/** Union-find over the pixels of a mask.  Returns what gives the first pixel of a pixel's component. */
function findRoots({ data, height, width }) {
  const parents = new Int32Array(height * width);
  const find = (place) => {
    while (parents[place] !== place) place = parents[place] = parents[parents[place]];
    return place;
  };
  const join = (one, other) => {
    const [a, b] = [find(one), find(other)];
    parents[Math.max(a, b)] = Math.min(a, b);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * width + x;
      if (!data[place]) continue;
      parents[place] = place;
      if (x > 0 && data[place - 1]) join(place, place - 1);
      if (y === 0) continue;
      for (let above = Math.max(0, x - 1); above <= Math.min(width - 1, x + 1); above++) {
        if (data[place - width - x + above]) join(place, place - width - x + above);
      }
    }
  }
  return find;
}

function extend(component, x, y, level, height, width) {
  const { box, border } = component;
  component.area += 1;
  component.mass += level;
  if (x < box[0]) box[0] = x;
  if (x >= box[2]) box[2] = x + 1;
  if (y >= box[3]) box[3] = y + 1;
  if (x === 0) border[0]++;
  if (y === 0) border[1]++;
  if (x === width - 1) border[2]++;
  if (y === height - 1) border[3]++;
}

export const touchesBorder = ({ border }) => border.some((pixels) => pixels > 0);

/** Width and height of the bounding box. */
export const sizeOf = ({ box }) => [box[2] - box[0], box[3] - box[1]];

/** The pixels of the components for which `isSelected(label)`.  Returns a mask (h, w) */
export function maskOf({ labels, list, height, width }, isSelected) {
  const selected = list.map((_, label) => isSelected(label));
  const mask = makeGrey(height, width);
  for (let place = 0; place < labels.length; place++) mask.data[place] = labels[place] >= 0 && selected[labels[place]];
  return mask;
}
