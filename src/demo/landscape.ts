import type { Picture } from "./png.ts";

type Colour = readonly [red: number, green: number, blue: number];

const skyAbove: Colour = [250, 205, 150];
const skyBelow: Colour = [252, 240, 214];
const farHills: Colour = [196, 206, 196];
const nearHills: Colour = [18, 66, 62];
const ranges = 6;

/** Hills in the mist, one range behind the other: something to look at that needs no file in the project. */
export function drawLandscape(width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let x = 0; x < width; x++) {
    const tops = Array.from({ length: ranges }, (_, range) => ridge(x / width, range) * height);
    for (let y = 0; y < height; y++) {
      rgb.set(colourAt(y, height, tops), (y * width + x) * 3);
    }
  }
  return { width, height, rgb };
}

/** The nearest range that reaches up to here, else the sky. */
function colourAt(y: number, height: number, tops: readonly number[]): Colour {
  const range = tops.findLastIndex((top) => y >= top);
  if (range === -1) return mix(skyAbove, skyBelow, y / (height * 0.6));
  const colour = mix(farHills, nearHills, range / (ranges - 1));
  // Mist gathers towards the foot of each range.
  return mix(colour, skyBelow, Math.min(0.45, (y - (tops[range] ?? 0)) / (height * 0.7)));
}

/** Where a range ends above, as a part of the height from the top; nearer ones are lower and steeper. */
function ridge(x: number, range: number): number {
  const base = 0.34 + range * 0.1;
  const waves = [1, 2.3, 5.1, 11.7].map(
    (pitch, index) => Math.sin(x * pitch * 6 + range * 2.4 + index) / (index * 2 + 1.5),
  );
  return base + waves.reduce((sum, wave) => sum + wave, 0) * 0.055;
}

function mix(from: Colour, to: Colour, part: number): Colour {
  const blend = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * Math.min(1, part));
  return [blend(0), blend(1), blend(2)];
}
