// The strokes of any pen get about as wide as those of MNIST: nnfang/images/stroke_width.py.

import { boundingBox, crop, padZeros, rint } from "./arrays.js";
import { fitShape, resize, resizeToFit } from "./geometry.js";

// Widths are in pixels of a digit that is 20 pixels long.
const [MIN_WIDTH, WIDENED, MAX_WIDTH, NARROWED] = [1.9, 2.4, 4.3, 3.0];
const MAX_EROSION = 0.4; // of its width, that a stroke may lose in one pass
const MAX_FILLED = 0.85; // of its bounding box, that ink with strokes covers
const [PASSES, OVERSAMPLING] = [3, 4];
const [STROKE_LEVEL, INK_LEVEL] = [127, 63];
const FAINT = 0.5; // pixels, the least width of a stroke when it is measured
const MNIST_LENGTH = 20;

/** The mean width of the strokes in pixels: twice the area over the perimeter, as of any long stroke.  (h, w) */
export function measureStrokeWidth(ink) {
  const { data, height, width } = padZeros(ink, 1);
  let [area, steps] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * width + x;
      const isInside = data[place] > STROKE_LEVEL;
      area += isInside;
      if (x + 1 < width) steps += isInside !== data[place + 1] > STROKE_LEVEL;
      if (y + 1 < height) steps += isInside !== data[place + width] > STROKE_LEVEL;
    }
  }
  return (2 * area) / Math.max(1, (steps * Math.PI) / 4); // a slanting edge has more steps than length, by 4 / π
}

/**
 * Dilate or erode a digit whose strokes are much thinner or thicker than those of MNIST.
 * @param {Grey} ink (height, width), cropped to the digit
 * @param {number[]} box (h, w), to which it will be resized
 */
export function normalizeStrokeWidth(ink, box) {
  ink = thickenHairlines(ink, box);
  for (let pass = 0; pass < PASSES; pass++) {
    const fine = resize(ink, fitShape(ink, [box[0] * OVERSAMPLING, box[1] * OVERSAMPLING]));
    const unit = (OVERSAMPLING * Math.max(...box)) / MNIST_LENGTH;
    const asSeen = resize(resizeToFit(ink, box), [fine.height, fine.width]);
    const width = measureStrokeWidth(asSeen) / unit;
    const mean = fine.data.reduce((sum, level) => sum + level, 0) / fine.data.length;
    let steps;
    if (width > MAX_WIDTH && mean < MAX_FILLED * 255) {
      steps = -rint((Math.min(width - NARROWED, MAX_EROSION * width) * unit) / 2);
    } else if (width < MIN_WIDTH) {
      steps = rint(((WIDENED - width) * unit) / 2);
    } else {
      break;
    }
    const changed = dilate(fine, steps);
    if (!changed.data.some((level) => level > INK_LEVEL)) break;
    ink = crop(changed, boundingBox(changed, INK_LEVEL));
  }
  return ink;
}

/** Dilate lines so thin that at the resolution of the measurement only their crossings would be left. */
function thickenHairlines(ink, box) {
  const scale = OVERSAMPLING * Math.min(box[0] / ink.height, box[1] / ink.width);
  const width = measureStrokeWidth(ink);
  if (!(width * scale > 0 && width * scale < FAINT)) return ink;
  const thick = dilate(ink, Math.ceil((1 / scale - width) / 2));
  return crop(thick, boundingBox(thick, INK_LEVEL));
}

/** Greyscale dilation by an octagon, or erosion where `steps` is negative; the image grows by a margin. */
function dilate(ink, steps) {
  let result = padZeros(ink, Math.abs(steps) + 1);
  const extreme = steps > 0 ? Math.max : Math.min;
  for (let step = 0; step < Math.abs(steps); step++) {
    const vertical = spread(result.data, result.data, result, result.width, extreme);
    const source = step % 2 ? vertical : result.data; // a square and a diamond in turn
    result = { ...result, data: spread(vertical, source, result, 1, extreme) };
  }
  return result;
}

/** The extreme of each pixel of `data` and the two neighbours of it, `offset` before and behind, in `source`. */
function spread(data, source, { height, width }, offset, extreme) {
  const out = data.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = y * width + x;
      const [isFirst, isLast] = offset === 1 ? [x === 0, x === width - 1] : [y === 0, y === height - 1];
      if (!isFirst) out[place] = extreme(out[place], source[place - offset]);
      if (!isLast) out[place] = extreme(out[place], source[place + offset]);
    }
  }
  return out;
}
