// Remove the ruling of lined and squared paper: nnfang/images/ruling.py.

import { clip, rint, transpose } from "./arrays.js";

const MIN_SIDE = 100; // pixels; smaller pictures are of a digit, and have no ruling
const STRIPS = 16; // in which a line is followed across a page
const MAX_SLOPE = 0.05; // rise over run
const [MIN_COVERED, MAX_BESIDE] = [0.6, 0.4]; // of the width of a strip
const [MIN_CLEARANCE, ROWS_PER_CLEARANCE] = [6, 60]; // pixels of background above and below
const [MIN_STRIPS, MIN_STRIPS_ALONE] = [1 / 2, 3 / 4];

/** Remove thin straight lines that cross the whole page, except where ink crosses them.  (h, w) -> (h, w) */
export function removeRuling(mask) {
  if (Math.min(mask.height, mask.width) < MIN_SIDE) return mask;
  const horizontal = removeHorizontal(mask);
  const turned = transpose(horizontal);
  const vertical = removeHorizontal(turned);
  return vertical === turned ? horizontal : transpose(vertical);
}

function removeHorizontal(mask) {
  const { lines, rise } = findLines(mask);
  if (!lines.length) return mask;
  const { height, width } = mask;
  const data = mask.data.slice();
  for (const { middle, thickness } of lines) {
    const half = Math.floor(thickness / 2) + 1;
    for (let x = 0; x < width; x++) {
      const centre = rint(middle + rise * (x / width - 0.5));
      const at = (offset) => clip(centre + offset, 0, height - 1) * width + x;
      if (data[at(-half - 1)] || data[at(half + 1)]) continue;
      for (let offset = -half; offset <= half; offset++) data[at(offset)] = 0;
    }
  }
  return { data, height, width };
}

/** Find nearly horizontal lines, and by how many pixels all of them rise across the page. */
function findLines(mask) {
  const candidates = findCandidates(mask);
  if (candidates.reduce((sum, found) => sum + found, 0) < STRIPS >> 1) return { lines: [], rise: 0 };
  const { height, width } = mask;
  const maxRise = Math.trunc(MAX_SLOPE * width);
  let best = { score: 0, rise: 0, votes: new Int32Array(height), spans: new Uint8Array(height) };
  // The rise for which the strips agree best, as in a Hough transform.
  for (let rise = -maxRise; rise <= maxRise; rise++) {
    const drifts = Array.from({ length: STRIPS }, (_, strip) => rint(rise * ((strip + 0.5) / STRIPS - 0.5)));
    const [votes, spans] = [new Int32Array(height), new Uint8Array(height)];
    let score = 0;
    for (let y = 0; y < height; y++) {
      const seen = (strip) => {
        const row = y + drifts[strip];
        return row >= 0 && row < height ? candidates[row * STRIPS + strip] : 0;
      };
      for (let strip = 0; strip < STRIPS; strip++) votes[y] += seen(strip);
      spans[y] = seen(0) & seen(STRIPS - 1);
      score += votes[y] ** 3;
    }
    if (score > best.score) best = { score, rise, votes, spans };
  }
  return { lines: selectLines(best.votes, best.spans), rise: best.rise };
}

/** Where a line may cross a strip: covered, with background above and below.  (h, w) -> (h STRIPS,) */
function findCandidates({ data, height, width }) {
  const run = Math.floor(width / STRIPS);
  const covered = new Int32Array(height * STRIPS);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < run * STRIPS; x++) {
      const place = y * width + x;
      const isCovered = data[place] || (y > 0 && data[place - width]) || (y + 1 < height && data[place + width]);
      if (isCovered) covered[y * STRIPS + Math.floor(x / run)]++;
    }
  }
  const clearance = Math.max(MIN_CLEARANCE, Math.floor(height / ROWS_PER_CLEARANCE));
  const isClear = (y, strip) => y < 0 || y >= height || covered[y * STRIPS + strip] < MAX_BESIDE * run;
  return covered.map((pixels, place) => {
    const [y, strip] = [Math.floor(place / STRIPS), place % STRIPS];
    return pixels > MIN_COVERED * run && isClear(y - clearance, strip) && isClear(y + clearance, strip);
  });
}

/** Group adjacent rows that are a line in enough strips; one alone must span the page, or it might be a stroke. */
function selectLines(votes, spans) {
  const several = groupRows(votes.map((count) => count >= STRIPS * MIN_STRIPS));
  if (several.length > 1) return several;
  return groupRows(votes.map((count, y) => count >= STRIPS * MIN_STRIPS_ALONE && spans[y]));
}

function groupRows(isLine) {
  const lines = [];
  for (let start = 0; start < isLine.length; start++) {
    if (!isLine[start]) continue;
    let end = start;
    while (isLine[end]) end++;
    // The dilation made each line two rows thicker.
    lines.push({ middle: (start + end - 1) / 2, thickness: Math.max(1, end - start - 2) });
    start = end;
  }
  return lines;
}
