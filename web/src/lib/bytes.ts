/** Sizes in words, as files managers show them: powers of 1000, three digits. */
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

export function bytesInWords(bytes: number): string {
  if (bytes === 1) return '1 byte';
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${unit === 0 ? value : Number(value.toFixed(digits))} ${UNITS[unit]}`;
}

/** Of a whole, for people: never 100 before all of it is there, never 0 after the first byte. */
export function percent(part: number, whole: number): number {
  if (whole <= 0 || part >= whole) return 100;
  return part <= 0 ? 0 : Math.min(99, Math.max(1, Math.floor((part / whole) * 100)));
}
