/** Pictures that are pasted, dropped or chosen become part of the document, so they are small. */
export const MAX_IMAGE_BYTES = 1024 * 1024;
const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

export class ImageRefused extends Error {}

/** A picture as a data address. */
export async function readImage(file: File): Promise<string> {
  if (!TYPES.has(file.type)) throw new ImageRefused('Pictures are PNG, JPEG, GIF or WebP.');
  if (file.size > MAX_IMAGE_BYTES) throw new ImageRefused('A picture in a document holds at most 1 MB. Link to a larger one instead.');
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new ImageRefused('The picture could not be read.'));
    reader.readAsDataURL(file);
  });
}

/** The pictures among what was pasted or dropped; HTML beside them wins, it has the text too. */
export function picturesOf(data: DataTransfer | null): File[] {
  if (!data || data.types.includes('text/html')) return [];
  return [...data.files].filter((file) => file.type.startsWith('image/'));
}
