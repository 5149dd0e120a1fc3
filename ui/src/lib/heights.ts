// The heights of a list's rows, as sums of blocks: any row's offset and any offset's row are found without a walk over all rows.

const BLOCK = 128;

/** Owns one number for each row and one for each block. Bounded by the rows its owner keeps. */
export class Heights {
  private rows: number[] = [];
  private sums: number[] = [];

  get length(): number {
    return this.rows.length;
  }

  get total(): number {
    let total = 0;
    for (const sum of this.sums) total += sum;
    return total;
  }

  append(heights: number[]): void {
    for (const height of heights) {
      const block = Math.floor(this.rows.length / BLOCK);
      this.rows.push(height);
      this.sums[block] = (this.sums[block] ?? 0) + height;
    }
  }

  /** Replaces all. */
  reset(heights: number[]): void {
    this.rows = [];
    this.sums = [];
    this.append(heights);
  }

  /** Takes rows away at the front and puts others there; says by how much everything behind moved. */
  replaceFront(removed: number, added: number[]): number {
    let moved = 0;
    for (let at = 0; at < removed; at += 1) moved -= this.rows[at] ?? 0;
    for (const height of added) moved += height;
    this.reset(added.concat(this.rows.slice(removed)));
    return moved;
  }

  /** Takes rows away at the end. */
  shorten(length: number): void {
    this.reset(this.rows.slice(0, length));
  }

  set(row: number, height: number): number {
    const before = this.rows[row];
    if (before === undefined) return 0;
    this.rows[row] = height;
    this.sums[Math.floor(row / BLOCK)]! += height - before;
    return height - before;
  }

  of(row: number): number {
    return this.rows[row] ?? 0;
  }

  /** Where the row begins. */
  offset(row: number): number {
    const block = Math.min(Math.floor(row / BLOCK), this.sums.length);
    let offset = 0;
    for (let at = 0; at < block; at += 1) offset += this.sums[at]!;
    for (let at = block * BLOCK; at < row && at < this.rows.length; at += 1) offset += this.rows[at]!;
    return offset;
  }

  /** The row at an offset; the last one beyond the end. */
  rowAt(offset: number): number {
    let rest = Math.max(0, offset);
    let block = 0;
    while (block < this.sums.length - 1 && rest >= this.sums[block]!) rest -= this.sums[block++]!;
    let row = block * BLOCK;
    while (row < this.rows.length - 1 && rest >= this.rows[row]!) rest -= this.rows[row++]!;
    return Math.max(0, Math.min(row, this.rows.length - 1));
  }
}
