// Make a greyscale picture look like the images that a network was trained on: nnfang/images/preparation.py.

import { boundingBox, centreOfMass, countPixels, invert, rint } from "./arrays.js";
import { borderPixels, hasLightBorder } from "./background.js";
import { centredOffset, padToShape, resize, resizeToFit } from "./geometry.js";
import { segmentDigit } from "./segmentation.js";
import { normalizeStrokeWidth } from "./strokes.js";

const MNIST = { side: 28, box: 20, maxOffset: 3, minLength: 14 }; // pixels

/**
 * An image for a network, and how it was made.
 * @typedef {{image: Grey, isInverted: boolean, box: number[], warnings: string[]}} Prepared
 */

/**
 * As in MNIST: ink resized to fit a box of 20/28 of the image, with its centre of mass in the middle.
 * @param {Grey} grey (height, width), dark ink on a light background or the reverse
 * @param {number[]} shape (h, w) of the image
 * @returns {Prepared} with a background of 0 and ink of up to 255
 * @throws {BlankError} there is no ink
 */
function prepareDigit(grey, shape) {
  if (grey.height === shape[0] && grey.width === shape[1]) {
    const whole = prepareNegative(grey, shape);
    if (hasMnistLayout(whole.image)) return whole;
  }
  const segment = segmentDigit(grey);
  const box = shape.map((side) => Math.max(1, rint((side * MNIST.box) / MNIST.side)));
  const ink = resizeToFit(normalizeStrokeWidth(segment.ink, box), box);
  return {
    image: padToShape(ink, shape, centredOffset(ink, shape)),
    isInverted: segment.isInverted,
    box: segment.box,
    warnings: segment.warnings,
  };
}

/** Whether an image could be one of MNIST's: a digit of about that size in the middle, on black. */
function hasMnistLayout(image) {
  if (!countPixels(image)) return false;
  const [left, top, right, bottom] = boundingBox(image);
  const length = Math.max(bottom - top, right - left);
  const unit = image.height / MNIST.side;
  const [row, column] = centreOfMass(image);
  const offset = Math.max(Math.abs(row - image.height / 2), Math.abs(column - image.width / 2));
  const hasMargin = length <= MNIST.box * unit || !borderPixels(image).some((level) => level > 0);
  return offset <= MNIST.maxOffset * unit && length >= MNIST.minLength * unit && hasMargin;
}

/** Inverted if the border is light, then as `preparePlain`. */
function prepareNegative(grey, shape) {
  if (!hasLightBorder(grey)) return preparePlain(grey, shape);
  return { ...preparePlain(invert(grey), shape), isInverted: true };
}

/** Resized to `shape` whatever its aspect ratio, nothing else. */
function preparePlain(grey, shape) {
  return { image: resize(grey, shape), isInverted: false, box: [0, 0, grey.width, grey.height], warnings: [] };
}

const PREPARATIONS = { digit: prepareDigit, negative: prepareNegative, plain: preparePlain };

/** Prepare a picture as `nnfang predict` does.  @returns {Prepared} */
export function prepare(grey, shape, preparation) {
  return PREPARATIONS[preparation](grey, shape);
}
