/** Have the browser keep bytes as a file, as if they had come from a link. */
const HELD_MS = 60_000;

export function saveFile(data: Uint8Array, name: string): void {
  const address = URL.createObjectURL(new Blob([data as BlobPart]));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), HELD_MS); // until the browser has read it
}
