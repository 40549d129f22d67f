// Greyscale images, and where in one its foreground is: nnfang/images/arrays.py.

/**
 * A greyscale image: 0 is black, 255 white. A mask is one of 0 and 1.
 * @typedef {{data: Uint8Array, height: number, width: number}} Grey
 */

/** An image of zeros.  @returns {Grey} (height, width) */
export function makeGrey(height, width) {
  return { data: new Uint8Array(height * width), height, width };
}

/** Round to the nearest whole number, halves to the even one, as NumPy and Python do. */
export function rint(x) {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

export const clip = (x, low, high) => Math.min(Math.max(x, low), high);

/** Each pixel by a function of it.  (h, w) -> (h, w) */
export function mapPixels(grey, change) {
  return { ...grey, data: grey.data.map(change) };
}

export const invert = (grey) => mapPixels(grey, (level) => 255 - level);

/** Part of an image.  @param {number[]} box left, top, right, bottom */
export function crop(grey, [left, top, right, bottom]) {
  const part = makeGrey(bottom - top, right - left);
  for (let y = top; y < bottom; y++) {
    part.data.set(grey.data.subarray(y * grey.width + left, y * grey.width + right), (y - top) * part.width);
  }
  return part;
}

/** With a margin of zeros around it.  (h, w) -> (h + 2 margin, w + 2 margin) */
export function padZeros(grey, margin) {
  const padded = makeGrey(grey.height + 2 * margin, grey.width + 2 * margin);
  for (let y = 0; y < grey.height; y++) {
    const row = grey.data.subarray(y * grey.width, (y + 1) * grey.width);
    padded.data.set(row, (y + margin) * padded.width + margin);
  }
  return padded;
}

/** Rows and columns exchanged.  (h, w) -> (w, h) */
export function transpose(grey) {
  const turned = makeGrey(grey.width, grey.height);
  for (let y = 0; y < grey.height; y++) {
    for (let x = 0; x < grey.width; x++) turned.data[x * grey.height + y] = grey.data[y * grey.width + x];
  }
  return turned;
}

/** Left and right exchanged.  (h, w) -> (h, w) */
export function mirror(grey) {
  const mirrored = makeGrey(grey.height, grey.width);
  for (let y = 0; y < grey.height; y++) {
    for (let x = 0; x < grey.width; x++) {
      mirrored.data[y * grey.width + x] = grey.data[(y + 1) * grey.width - 1 - x];
    }
  }
  return mirrored;
}

/** The smallest box around the pixels above a level, of which there must be some.  Left, top, right, bottom. */
export function boundingBox({ data, height, width }, level = 0) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] > level) {
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
        top = Math.min(top, y);
        bottom = y + 1;
      }
    }
  }
  return [left, top, right, bottom];
}

/** The row and the column of the centre of mass, the levels being the weights. */
export function centreOfMass({ data, height, width }) {
  let [row, column, total] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = data[y * width + x];
      row += level * y;
      column += level * x;
      total += level;
    }
  }
  return [row / total, column / total];
}

/** The number of pixels that are not 0. */
export function countPixels({ data }) {
  let count = 0;
  for (const value of data) count += value > 0;
  return count;
}

/** How often each level occurs.  (256,) */
export function countLevels(data) {
  const counts = new Float64Array(256);
  for (const level of data) counts[level]++;
  return counts;
}

/** The middle of some numbers, or the mean of the two in the middle. */
export function median(numbers) {
  const sorted = Float64Array.from(numbers).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
