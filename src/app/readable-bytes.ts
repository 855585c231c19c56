const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "3.4 GiB". */
export function readableBytes(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
