/** Properties of a file in words, and from what a person writes. Pure. */
import { isolated } from '../../lib/text';
import { valueWords } from '../../lib/values';
import type { Property, PropertyValue, Source } from '../../wire/generated';

export type Kind = PropertyValue['type'];

export const KINDS: readonly { value: Kind; label: string }[] = [
  { value: 'text', label: 'Text' },
  { value: 'date', label: 'Date' },
  { value: 'money', label: 'Money' },
  { value: 'reference', label: 'Reference' },
  { value: 'status', label: 'Status' },
];

/** What most invoices have. */
export const INVOICE: readonly { key: string; kind: Kind }[] = [
  { key: 'Due', kind: 'date' },
  { key: 'Total', kind: 'money' },
  { key: 'Variable symbol', kind: 'reference' },
];

/** Where a property comes from. */
export function sourceWords(source: Source, who: string, when: string): string {
  const said = `${who}, ${when}`;
  if (source.by === 'person') return said;
  const place = [source.number ? `version ${source.number}` : '', source.page ? `page ${source.page}` : ''].filter(Boolean).join(', ');
  return [said, place && `from ${place}`, source.quote && `“${isolated(source.quote)}”`].filter(Boolean).join(': ');
}

export interface Written {
  readonly kind: Kind;
  readonly value: string;
  readonly currency: string;
}

/** What a form holds of a value. */
export function written(property: PropertyValue | null, kind: Kind = 'text'): Written {
  if (!property) return { kind, value: '', currency: 'EUR' };
  return property.type === 'money'
    ? { kind: 'money', value: property.amount, currency: property.currency }
    : { kind: property.type, value: property.value, currency: 'EUR' };
}

/** What a form means; null: nothing is written in it. */
export function meant({ kind, value, currency }: Written): PropertyValue | null {
  const text = value.trim();
  if (text === '') return null;
  if (kind === 'money') return { type: 'money', amount: amountOf(text), currency: currency.trim().toUpperCase() };
  return { type: kind, value: text };
}

/** As people write amounts: "1 234,50" and "1,234.50" are 1234.50. What cannot be one is for the hub to refuse. */
export function amountOf(text: string): string {
  const plain = text.replace(/[\s\u00a0\u202f'’]/gu, '').replace('\u2212', '-');
  const last = Math.max(plain.lastIndexOf(','), plain.lastIndexOf('.'));
  if (last < 0) return plain;
  const mark = plain[last] ?? '';
  const whole = plain.slice(0, last);
  const rest = plain.slice(last + 1);
  const other = mark === ',' ? '.' : ',';
  // One kind of mark, several times, parts thousands; so does a comma before exactly three digits at the end.
  if (whole.includes(mark)) return plain.replaceAll(mark, '');
  if (mark === ',' && !whole.includes('.') && /^-?[1-9]\d{0,2}$/.test(whole) && rest.length === 3) return whole + rest;
  return `${whole.replaceAll(other, '')}.${rest}`;
}

/** What of the properties is looked through in the list. */
export function propertyText(properties: readonly Property[] | undefined): string {
  return (properties ?? []).map((one) => `${one.key} ${valueWords(one.property)} ${one.property.type === 'money' ? one.property.amount : one.property.value}`).join(' ');
}
