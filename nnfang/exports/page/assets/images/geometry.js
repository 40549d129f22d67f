// Resize an image, and place it in another: nnfang/images/geometry.py, and of Pillow the resampling, to the last bit.

import { centreOfMass, clip, makeGrey, rint } from "./arrays.js";

const PRECISION = 22; // bits after the point of Pillow's coefficients
const LANCZOS = { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) };
const BILINEAR = { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) };

function sinc(x) {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/**
 * Where each pixel of a resized row comes from.
 * @param {number} size of the row
 * @param {number} end how much of it is used
 * @param {number} target pixels of the resized row
 * @returns {{start: number, weights: number[]}[]} per pixel: the first source pixel, and the weights from there on
 */
function findSources(size, end, target, { support, weigh }) {
  const scale = end / target;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  return Array.from({ length: target }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const stop = Math.min(size, Math.trunc(centre + reach + 0.5));
    const weights = [];
    for (let x = start; x < stop; x++) weights.push(weigh((x - centre + 0.5) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { start, weights: weights.map((weight) => weight / (total || 1)) };
  });
}

/** Weights as whole numbers, halves away from 0. */
function toFixedPoint(sources) {
  const round = (x) => Math.trunc(x < 0 ? x - 0.5 : x + 0.5);
  return sources.map(({ start, weights }) => ({ start, weights: Int32Array.from(weights, (w) => round(w * 2 ** PRECISION)) }));
}

/**
 * Resample along one axis.
 * @param {number} count of rows, or columns
 * @param {number} across from one of them to the next, in elements of `data`
 * @param {number} along from one of its pixels to the next
 * @param out what is written, with its own steps
 */
function resample(data, count, across, along, sources, out, outAcross, outAlong, finish, first) {
  for (let line = 0; line < count; line++) {
    for (let place = 0; place < sources.length; place++) {
      const { start, weights } = sources[place];
      let sum = first;
      let from = line * across + start * along;
      for (let k = 0; k < weights.length; k++, from += along) sum += data[from] * weights[k];
      out[line * outAcross + place * outAlong] = finish(sum);
    }
  }
}

const toByte = (sum) => clip(sum >> PRECISION, 0, 255);

/** Resample with a Lanczos filter, anti-aliased; an image of this shape is unchanged.  (height, width) -> (h, w) */
export function resize(grey, [h, w]) {
  const { height, width } = grey;
  if (h === height) return w === width ? grey : resizeRows(grey, w);
  if (w === width) return resizeColumns(grey, h);
  // Rounding between the passes makes their order visible; Pillow 13 begins with the columns of tall pictures.
  const isTall = height > 2 * width && h < height;
  return isTall ? resizeRows(resizeColumns(grey, h), w) : resizeColumns(resizeRows(grey, w), h);
}

function resizeRows({ data, height, width }, w) {
  const out = new Uint8Array(height * w);
  const sources = toFixedPoint(findSources(width, width, w, LANCZOS));
  resample(data, height, width, 1, sources, out, w, 1, toByte, 2 ** (PRECISION - 1));
  return { data: out, height, width: w };
}

function resizeColumns({ data, height, width }, h) {
  const out = new Uint8Array(h * width);
  const sources = toFixedPoint(findSources(height, height, h, LANCZOS));
  resample(data, width, 1, width, sources, out, 1, width, toByte, 2 ** (PRECISION - 1));
  return { data: out, height: h, width };
}

/** Interpolate a value per block to one per pixel, bilinearly.  {data: Float32Array, height, width} -> (h, w) */
export function upsample(grid, [h, w], block) {
  let { data, height, width } = grid;
  const identity = (sum) => sum;
  const columns = findSources(width, Math.min(w / block, width), w, BILINEAR);
  const wide = new Float32Array(height * w);
  resample(data, height, width, 1, columns, wide, w, 1, identity, 0);
  const rows = findSources(height, Math.min(h / block, height), h, BILINEAR);
  const out = new Float32Array(h * w);
  resample(wide, w, 1, w, rows, out, 1, w, identity, 0);
  return out;
}

/** The means of square blocks of pixels, those at the right and the bottom of what there is, as Pillow's reduce. */
export function reduce(grey, factor) {
  const small = makeGrey(Math.ceil(grey.height / factor), Math.ceil(grey.width / factor));
  for (let y = 0; y < small.height; y++) {
    const bottom = Math.min((y + 1) * factor, grey.height);
    for (let x = 0; x < small.width; x++) {
      const right = Math.min((x + 1) * factor, grey.width);
      const count = (bottom - y * factor) * (right - x * factor);
      let sum = count >> 1;
      for (let row = y * factor; row < bottom; row++) {
        for (let place = row * grey.width + x * factor; place < row * grey.width + right; place++) {
          sum += grey.data[place];
        }
      }
      small.data[y * small.width + x] = (sum * Math.floor(2 ** 24 / count)) / 2 ** 24;
    }
  }
  return small;
}

/** The largest (height, width) with the aspect ratio of an image that fits into a box (h, w). */
export function fitShape({ height, width }, [h, w]) {
  const scale = Math.min(h / height, w / width);
  return [Math.max(1, rint(height * scale)), Math.max(1, rint(width * scale))];
}

/** Resize to the largest shape that fits into the box, and stretch the levels to 255. */
export function resizeToFit(ink, box) {
  const small = resize(ink, fitShape(ink, box));
  const gain = 255 / Math.max(1, largest(small.data));
  return { ...small, data: small.data.map((level) => rint(level * gain)) };
}

/** The largest of some numbers. */
export function largest(numbers) {
  let most = -Infinity;
  for (const number of numbers) if (number > most) most = number;
  return most;
}

/** The row and the column at which ink starts whose centre of mass is in the middle of an image, as in MNIST. */
export function centredOffset(ink, shape) {
  const sides = [ink.height, ink.width];
  return centreOfMass(ink).map((centre, i) => clip(rint(shape[i] / 2 - centre), 0, shape[i] - sides[i]));
}

/** Ink in a black image of a shape (h, w). */
export function padToShape(ink, [h, w], [row, column]) {
  const image = makeGrey(h, w);
  for (let y = 0; y < ink.height; y++) {
    image.data.set(ink.data.subarray(y * ink.width, (y + 1) * ink.width), (y + row) * w + column);
  }
  return image;
}
