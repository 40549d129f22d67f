// Separate the ink of the one digit on a page from everything else: nnfang/images/segmentation.py.

import { boundingBox, countLevels, countPixels, crop, invert, makeGrey, mapPixels, rint } from "./arrays.js";
import { borderPixels, estimateNoise, hasLightBackground, isFramed, maxOutliers, subtractBackground } from "./background.js";
import { labelComponents, maskOf, touchesBorder } from "./components.js";
import { reduce } from "./geometry.js";
import { removeRuling } from "./ruling.js";
import { findBoxes, selectDigit } from "./selection.js";

const MAX_SIDE = 640; // pixels of a picture that is segmented; larger ones are downsampled
const MIN_DIGIT = 80; // pixels; a smaller digit is segmented again at full resolution
const [NOISE_DEVIATIONS, MIN_CONTRAST, LOW_CONTRAST] = [6, 8, 30];
const [MAX_NOISE, MIN_INK] = [0.35, 0.25]; // of full ink
const FULL_PERCENTILE = 70; // of the levels of the ink
const BORDER_MAJORITY = 0.5; // of the border, beyond which it is ink as a whole

export const TOUCHES_BORDER = "the ink touches the border of the picture, where it may be cut off";
export const HAS_RIVALS = "there are several separate shapes; the largest was taken";
export const FAINT_INK = "the contrast is very low";

/** A picture shows nothing. */
export class BlankError extends Error {}

/**
 * A digit that was cut out of a page.
 * @typedef {object} Segment
 * @property {Grey} ink (h, w), cropped to the digit; the background is 0, full ink 255
 * @property {number[]} box left, top, right, bottom in the picture
 * @property {boolean} isInverted whether the ink was dark
 * @property {string[]} warnings what may be wrong
 * @property {number} borderInk the fraction of the border that is as light, or as dark, as the ink
 */

/** Find the digit on a page, dark ink on a light background or the reverse.  @returns {Segment} */
export function segmentDigit(grey) {
  const factor = Math.ceil(Math.max(grey.height, grey.width) / MAX_SIDE);
  if (factor === 1) return segmentPage(grey);
  const coarse = segmentPage(reduce(grey, factor));
  const [left, top, right, bottom] = coarse.box.map((side) => side * factor);
  if (Math.max(coarse.ink.height, coarse.ink.width) < MIN_DIGIT) {
    const margin = Math.floor(Math.max(right - left, bottom - top) / 2);
    const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)];
    const window = [x, y, Math.min(grey.width, right + margin), Math.min(grey.height, bottom + margin)];
    const fine = unlessBlank(() => segmentPolarity(crop(grey, window), coarse.isInverted));
    if (fine) return { ...coarse, ink: fine.ink, box: fine.box.map((side, i) => side + (i % 2 ? y : x)) };
  }
  return { ...coarse, box: [left, top, Math.min(right, grey.width), Math.min(bottom, grey.height)] };
}

/** What a function returns, or null where it finds nothing. */
function unlessBlank(find) {
  try {
    return find();
  } catch (error) {
    if (error instanceof BlankError) return null;
    throw error;
  }
}

/** Find the digit with the likelier polarity; with the other if the digit is at the border with the first alone. */
function segmentPage(grey) {
  const isInverted = hasLightBackground(grey);
  const segment = segmentPolarity(grey, isInverted);
  const isCut = ({ warnings }) => warnings.includes(TOUCHES_BORDER);
  // Enclosed by ink, this may be a hole in a digit that fills the picture; then the digit has background around.
  if (isCut(segment) || (segment.borderInk > BORDER_MAJORITY && !isFramed(grey))) {
    const other = unlessBlank(() => segmentPolarity(grey, !isInverted));
    if (other && !isCut(other) && other.borderInk < segment.borderInk) return other;
  }
  return segment;
}

/** Find the digit on a page with dark ink (inverted) or with light ink. */
function segmentPolarity(grey, isInverted) {
  let foreground = subtractBackground(isInverted ? invert(grey) : grey, isInverted);
  let { threshold, mask } = findMask(foreground);
  let digit = selectDigit(labelComponents(mask, foreground));
  if (countPixels(mask) <= maxOutliers(foreground) || !digit) {
    throw new BlankError("no ink found: nothing stands out from the paper");
  }
  const mean = meanInkLevel(foreground, digit.mask);
  if (threshold > MAX_NOISE * mean) {
    foreground = blur(foreground);
    ({ threshold, mask } = findMask(foreground));
    digit = selectDigit(labelComponents(mask, foreground)) || digit;
  }
  if (threshold < MIN_INK * mean) {
    mask = { ...mask, data: mask.data.map((value, i) => value & (foreground.data[i] > MIN_INK * mean)) };
    digit = selectDigit(labelComponents(mask, foreground)) || digit;
  }
  if (countPixels(digit.mask) === 1) throw new BlankError("no ink found: there are only specks on the paper");
  const full = percentile(foreground.data.filter((_, i) => digit.mask.data[i]), FULL_PERCENTILE);
  const doubts = [[TOUCHES_BORDER, digit.touchesBorder], [HAS_RIVALS, digit.hasRivals], [FAINT_INK, full < LOW_CONTRAST]];
  const border = borderPixels(foreground);
  return {
    ...cropInk(foreground, digit.mask, full),
    isInverted,
    warnings: doubts.filter(([, holds]) => holds).map(([doubt]) => doubt),
    borderInk: border.filter((level) => level > full / 2).length / border.length,
  };
}

/** The level that background does not exceed, and what exceeds it but is not printed on the page; (h, w). */
function findMask(foreground) {
  const threshold = Math.max(MIN_CONTRAST, NOISE_DEVIATIONS * estimateNoise(foreground));
  const mask = mapPixels(foreground, (level) => Number(level > threshold));
  const withoutRuling = removeRuling(mask);
  if (withoutRuling.data.every((value, i) => value === mask.data[i])) return { threshold, mask };
  // What looks like ruling may be two sides of a box, of which the other two would be left over.
  const components = labelComponents(mask, foreground);
  const masses = components.list.map(({ mass }) => mass);
  const boxes = new Set(findBoxes(components, masses).filter((label) => !touchesBorder(components.list[label])));
  if (!boxes.size) return { threshold, mask: withoutRuling };
  return { threshold, mask: removeRuling(maskOf(components, (label) => !boxes.has(label))) };
}

/** The mean level of a mask's pixels, weighted by itself. */
function meanInkLevel({ data }, mask) {
  let [squares, sum] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (mask.data[i]) {
      squares += data[i] ** 2;
      sum += data[i];
    }
  }
  return squares / sum;
}

/** A percentile of levels, interpolated between the two nearest. */
function percentile(levels, percent) {
  const counts = countLevels(levels);
  const at = (rank) => {
    let level = 0;
    for (let sum = counts[0]; sum <= rank; sum += counts[level]) level++;
    return level;
  };
  const rank = (percent / 100) * (levels.length - 1);
  const [low, high] = [at(Math.floor(rank)), at(Math.ceil(rank))];
  return low + (high - low) * (rank - Math.floor(rank));
}

/** The mean of each pixel and its eight neighbours, as Pillow's box blur of radius 1.  (h, w) -> (h, w) */
function blur(grey) {
  const { height, width } = grey;
  const pass = (data, count, across, length, along) => {
    const out = new Uint8Array(data.length);
    for (let line = 0; line < count; line++) {
      const at = (i) => data[line * across + Math.min(Math.max(i, 0), length - 1) * along];
      for (let i = 0; i < length; i++) out[line * across + i * along] = (at(i - 1) + at(i) + at(i + 1)) / 3 + 0.5;
    }
    return out;
  };
  return { ...grey, data: pass(pass(grey.data, height, width, width, 1), width, 1, height, width) };
}

/** Crop to the bounding box of a mask, erase what is not in the mask, and stretch full ink to 255. */
function cropInk(foreground, mask, full) {
  const box = boundingBox(mask);
  const [levels, inside] = [crop(foreground, box), crop(mask, box)];
  const { height, width } = inside;
  const ink = makeGrey(height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (isBeside(inside, x, y)) {
        ink.data[y * width + x] = Math.min(255, rint(levels.data[y * width + x] * (255 / full)));
      }
    }
  }
  return { ink, box };
}

/** Whether a pixel or one of its neighbours is in a mask: the blurred edge of a stroke belongs to it. */
function isBeside({ data, height, width }, x, y) {
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
      if (data[row * width + column]) return true;
    }
  }
  return false;
}
