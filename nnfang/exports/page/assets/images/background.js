// The background of a picture, such as paper in uneven light, and its noise: nnfang/images/background.py.

import { clip, countLevels, median, mirror, transpose } from "./arrays.js";
import { largest, reduce, upsample } from "./geometry.js";

const CELLS = 40; // of the grid on which the background is estimated, along the longer side
const OPENING_RADIUS = 1; // cells
const MAX_SLOPE = 0.1; // of the light from cell to cell, as a fraction of the range of levels
const MAX_GAIN = 3; // by which ink in a shadow is amplified
const MIN_SIDE_FOR_NOISE = 32; // pixels
const [NOISE_LAG, NOISE_ROWS, MEDIAN_DIFFERENCE] = [4, 240, 0.954];

/** The pixels along the four sides of a picture.  (h, w) -> (pixels,) */
export function borderPixels({ data, height, width }) {
  const band = Math.max(1, Math.floor(Math.min(height, width) / 50));
  const border = [];
  for (let y = 0; y < height; y++) {
    const isInner = y >= band && y < height - band;
    for (let x = 0; x < width; x++) {
      if (isInner && x === band) x = Math.max(band, width - band);
      border.push(data[y * width + x]);
    }
  }
  return Uint8Array.from(border);
}

/** How many pixels of a picture are too few to mean anything. */
export function maxOutliers({ data }) {
  return 4 + Math.floor(data.length / 20000);
}

/** The darkest and the lightest level of a picture, except for a few outliers at either end. */
export function levelRange(grey) {
  const [outliers, size] = [maxOutliers(grey), grey.data.length];
  const counts = countLevels(grey.data);
  const find = (wanted) => {
    let sum = 0;
    for (let level = 0; level < 256; level++) {
      sum += counts[level];
      if (sum >= wanted) return level;
    }
    return 256;
  };
  return [find(outliers), find(Math.max(outliers, size - outliers))];
}

/** Whether the border of a picture is closer to its lightest than to its darkest level. */
export function hasLightBorder(grey) {
  const [low, high] = levelRange(grey);
  const border = median(borderPixels(grey));
  return border - low > high - border;
}

/** Whether the ink is dark: that explanation wins by which less of the picture is ink. */
export function hasLightBackground(grey) {
  const { low, mean, high } = measureBlocks(grey);
  const slope = maxSlope(grey);
  const below = lowerEnvelope(low, slope);
  const above = lowerEnvelope({ ...high, data: high.data.map((level) => -level) }, slope);
  let [lightInk, darkInk] = [0, 0];
  for (let i = 0; i < mean.data.length; i++) {
    lightInk += mean.data[i] - below.data[i];
    darkInk += -above.data[i] - mean.data[i];
  }
  return darkInk < lightInk;
}

/** Whether what differs from the border has four straight edges, as a sheet of paper has. */
export function isFramed(grey) {
  const [low, high] = levelRange(grey);
  const middle = (low + high) / 2;
  const isLight = median(borderPixels(grey)) > middle;
  const inside = { ...grey, data: grey.data.map((level) => Number(level > middle !== isLight)) };
  const turned = transpose(inside);
  return [inside, mirror(inside), turned, mirror(turned)].every(hasStraightEdge);
}

/** Whether the first pixels inside, seen from the left, are on a line, apart from the corners. */
function hasStraightEdge({ data, height, width }) {
  const [top, bottom] = [Math.floor(height / 8), Math.floor((height * 7) / 8) || 1];
  const depth = [];
  for (let y = top; y < bottom; y++) {
    const first = data.subarray(y * width, (y + 1) * width).indexOf(1);
    depth.push(first < 0 ? width : first);
  }
  const third = Math.max(1, Math.floor(depth.length / 3));
  const [start, end] = [median(depth.slice(0, third)), median(depth.slice(-third))];
  const limit = Math.max(2, Math.floor(width / 100));
  const near = depth.filter((found, i) => {
    const position = (i - third / 2) / Math.max(1, depth.length - third);
    return Math.abs(found - (start + (end - start) * position)) <= limit;
  });
  return near.length / depth.length > 0.7;
}

/**
 * How much lighter each pixel is than the background around it.
 * @param {Grey} grey (h, w), light ink on a dark background
 * @param {boolean} isInverted whether the ink of the original was dark: its contrast is lower in a shadow
 */
export function subtractBackground(grey, isInverted) {
  const { low, block } = measureBlocks(grey);
  const background = lowerEnvelope(open(low, OPENING_RADIUS), maxSlope(grey));
  const shape = [grey.height, grey.width];
  const difference = upsample(background, shape, block);
  for (let i = 0; i < difference.length; i++) difference[i] = grey.data[i] - difference[i];
  if (isInverted) {
    const light = background.data.map((level) => Math.max(255 - level, 1));
    const middle = Math.fround(median(light));
    const gain = light.map((level) => clip(Math.fround(middle / level), Math.fround(1 / MAX_GAIN), MAX_GAIN));
    const factors = upsample({ ...background, data: gain }, shape, block);
    for (let i = 0; i < difference.length; i++) difference[i] *= factors[i];
  }
  const data = new Uint8Array(difference.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.max(0, difference[i]));
  return { ...grey, data };
}

/** The standard deviation of the noise in grey levels, from the median difference of pixels some way apart. */
export function estimateNoise({ data, height, width }) {
  if (Math.min(height, width) < MIN_SIDE_FOR_NOISE) return 0;
  const counts = new Float64Array(256);
  const step = Math.max(1, Math.floor(height / NOISE_ROWS));
  for (let y = 0; y < height; y += step) {
    for (let x = y * width; x < (y + 1) * width - NOISE_LAG; x++) counts[Math.abs(data[x + NOISE_LAG] - data[x])]++;
  }
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let [level, below] = [0, 0];
  while (below + counts[level] < half) below += counts[level++];
  const found = level + (half - below) / Math.max(1, counts[level]) - 0.5;
  return level ? Math.max(0, found) / MEDIAN_DIFFERENCE : 0;
}

/** The minimum, mean and maximum of each square block of a picture, and the side of the blocks in pixels. */
function measureBlocks(grey) {
  const factor = Math.min(grey.height, grey.width) >= 2 * CELLS ? 2 : 1;
  const small = factor > 1 ? reduce(grey, factor) : grey;
  const side = Math.max(1, Math.ceil(Math.max(small.height, small.width) / CELLS));
  const [height, width] = [Math.ceil(small.height / side), Math.ceil(small.width / side)];
  const [low, mean, high] = [0, 1, 2].map(() => ({ data: new Float32Array(height * width), height, width }));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let [least, sum, most] = [255, 0, 0];
      for (let y = row * side; y < (row + 1) * side; y++) {
        const start = Math.min(y, small.height - 1) * small.width;
        for (let x = column * side; x < (column + 1) * side; x++) {
          const level = small.data[start + Math.min(x, small.width - 1)];
          least = Math.min(least, level);
          most = Math.max(most, level);
          sum += level;
        }
      }
      const place = row * width + column;
      [low.data[place], mean.data[place], high.data[place]] = [least, sum / side ** 2, most];
    }
  }
  return { low, mean, high, block: side * factor };
}

/** Grey levels per cell. */
function maxSlope(grey) {
  const [low, high] = levelRange(grey);
  return Math.max(1, MAX_SLOPE * (high - low));
}

/** The highest surface that is nowhere above the levels, and changes by at most `slope` per cell.  (h, w) */
function lowerEnvelope({ data, height, width }, slope) {
  const levels = data.slice();
  const relax = (place, from) => {
    levels[place] = Math.min(levels[place], levels[from] + slope);
  };
  for (const [count, across, length, along] of [[width, 1, height, width], [height, width, width, 1]]) {
    for (let line = 0; line < count; line++) {
      const start = line * across;
      for (let i = 1; i < length; i++) relax(start + i * along, start + (i - 1) * along);
      for (let i = length - 2; i >= 0; i--) relax(start + i * along, start + (i + 1) * along);
    }
  }
  return { data: levels, height, width };
}

/** Morphological opening with a square: whatever is lighter and narrower than it disappears.  (h, w) -> (h, w) */
function open(grid, radius) {
  const { height, width } = grid;
  let levels = grid.data;
  for (const extreme of [(values) => -largest(values.map((v) => -v)), largest]) {
    for (const [count, across, length, along] of [[width, 1, height, width], [height, width, width, 1]]) {
      const out = new Float32Array(levels.length);
      for (let line = 0; line < count; line++) {
        for (let i = 0; i < length; i++) {
          const window = [];
          for (let k = i - radius; k <= i + radius; k++) {
            window.push(levels[line * across + clip(k, 0, length - 1) * along]);
          }
          out[line * across + i * along] = extreme(window);
        }
      }
      levels = out;
    }
  }
  return { data: levels, height, width };
}
