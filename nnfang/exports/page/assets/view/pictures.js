// Arrays as pictures, and pictures as arrays.

import { colour, make } from "./elements.js";

const MOST_PIXELS = 4e6; // of a picture that is prepared
const CHANNEL_GAIN = 2; // a channel with this many times the contrast of the luma replaces it

/** (rows, columns) in which numbers that are no picture are laid out. */
export function layOut(count, shape) {
  if (shape && shape.length === 2) return shape;
  const columns = Math.ceil(Math.sqrt(count));
  return [Math.ceil(count / columns), columns];
}

/** Give a canvas this many pixels; the browser lays out the page anew only where they are not what it has. */
export function setSize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** Draw values of either sign, the largest full blue or vermilion, a pixel each.  (h w,) */
export function drawSigned(canvas, values, [h, w], most = Math.max(1e-12, ...values.map(Math.abs))) {
  setSize(canvas, w, h);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(w, h);
  const [positive, negative] = [colour("--blue"), colour("--vermilion")];
  for (let i = 0; i < values.length; i++) {
    pixels.data.set(values[i] > 0 ? positive : negative, 4 * i);
    pixels.data[4 * i + 3] = Math.min(255, (255 * Math.abs(values[i])) / most);
  }
  context.putImageData(pixels, 0, 0);
}

/** Draw numbers from 0 to 1 as ink on the page.  (h w,) */
export function drawInk(canvas, values, [h, w]) {
  setSize(canvas, w, h);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(w, h);
  const ink = colour("--ink");
  values.forEach((value, i) => pixels.data.set([...ink, 255 * value], 4 * i));
  context.putImageData(pixels, 0, 0);
}

/** The grey levels of a picture that was dropped, pasted or opened.  @returns {Promise<Grey>} */
export async function readPicture(file) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const factor = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * factor)));
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { data: toGrey(data), height, width };
}

/** RGBA -> the luma (ITU-R BT.601), or the channel in which ink and background differ more: images/conversion.py. */
function toGrey(rgba) {
  const channels = [0, 1, 2, 3].map((i) => Uint8Array.from({ length: rgba.length / 4 }, (_, k) => rgba[4 * k + i]));
  const alpha = channels.pop();
  const toLuma = () => channels[0].map((red, i) => (red * 19595 + channels[1][i] * 38470 + channels[2][i] * 7471 + 32768) >> 16);
  if (alpha.some((value) => value < 255)) {
    const level = chooseBackground(toLuma(), alpha);
    for (const channel of channels) {
      for (let i = 0; i < alpha.length; i++) channel[i] = Math.round((channel[i] * alpha[i] + level * (255 - alpha[i])) / 255);
    }
  }
  const luma = toLuma();
  const best = channels.reduce((one, other) => (deviation(other) > deviation(one) ? other : one));
  return deviation(best) > CHANNEL_GAIN * deviation(luma) ? best : luma;
}

/** The level behind a picture with transparent parts, so that its ink can be seen. */
function chooseBackground(luma, alpha) {
  const opaque = luma.filter((_, i) => alpha[i] > 127).sort();
  const hasOwn = opaque.length > luma.length / 2 && opaque.at(-1) - opaque[0] > 64;
  if (hasOwn) return opaque[opaque.length >> 1];
  return !opaque.length || opaque.reduce((a, b) => a + b, 0) / opaque.length < 128 ? 255 : 0;
}

function deviation(levels) {
  let [sum, squares] = [0, 0];
  for (const level of levels) {
    sum += level;
    squares += level * level;
  }
  return Math.sqrt(Math.max(0, squares / levels.length - (sum / levels.length) ** 2));
}
