/** Cells along each side of a picture: coarse, because each of them is one more look. */
export const CELLS = 4;

/**
 * Copies of a picture, each with one cell of a grid painted over in the picture's mean colour. What a score loses when
 * a cell is hidden is what the cell carried (Zeiler and Fergus, 2014).
 * @param rgb `height × width × 3` bytes
 * @returns `CELLS × CELLS` pictures of the same size, row by row
 */
export function occluded(rgb: Uint8Array, width: number, height: number): readonly Uint8Array[] {
  const mean = meanColour(rgb);
  return Array.from({ length: CELLS * CELLS }, (_, cell) => {
    const copy = Uint8Array.from(rgb);
    const [column, row] = [cell % CELLS, Math.floor(cell / CELLS)];
    const [left, right] = [edge(column, width), edge(column + 1, width)];
    for (let y = edge(row, height); y < edge(row + 1, height); y++) {
      for (let x = left; x < right; x++) copy.set(mean, (y * width + x) * 3);
    }
    return copy;
  });
}

function edge(cell: number, length: number): number {
  return Math.round((cell * length) / CELLS);
}

function meanColour(rgb: Uint8Array): readonly [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < rgb.length; i += 3) {
    sums[0] += rgb[i] ?? 0;
    sums[1] += rgb[i + 1] ?? 0;
    sums[2] += rgb[i + 2] ?? 0;
  }
  const pixels = Math.max(1, rgb.length / 3);
  return [Math.round(sums[0] / pixels), Math.round(sums[1] / pixels), Math.round(sums[2] / pixels)];
}
