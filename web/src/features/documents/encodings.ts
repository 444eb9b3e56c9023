/** In which encodings text files are, as Python names them. */
import type { ReadAs } from '../../wire/generated';

const ENCODINGS: Readonly<Record<string, string>> = { 'utf-8': 'UTF-8', 'utf-16-le': 'UTF-16', 'utf-16-be': 'UTF-16 BE', 'utf-32-le': 'UTF-32', 'utf-32-be': 'UTF-32 BE', 'latin-1': 'ISO-8859-1' };

/** Those in which a file may be read, the likelier ones first. */
export const READ_AS: readonly ReadAs['encoding'][] = [
  'utf-8', 'cp1252', 'cp1250', 'cp1251', 'iso8859_1', 'iso8859_2', 'iso8859_15', 'cp1253', 'cp1254', 'cp1255', 'cp1256', 'cp1257', 'cp1258', 'iso8859_5', 'iso8859_7', 'iso8859_9',
  'koi8_r', 'koi8_u', 'cp437', 'cp850', 'cp852', 'cp866', 'mac_roman', 'shift_jis', 'euc_jp', 'gb18030', 'big5', 'euc_kr', 'utf-16-le', 'utf-16-be',
];

/** What people call an encoding that Python names. */
export function encodingName(codec: string): string {
  const name = ENCODINGS[codec] ?? codec.replace(/_/g, '-');
  return name.replace(/^cp(12\d\d)$/, 'Windows-$1').replace(/^cp(\d+)$/, 'code page $1').replace(/^iso8859/, 'ISO-8859').replace(/^(koi8|gb|euc)/, (one) => one.toUpperCase());
}
