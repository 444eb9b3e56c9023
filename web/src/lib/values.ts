/** Typed values as people read them, in the browser's own manner. */
import type { PropertyValue } from '../wire/generated';

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** A value as people read it. */
export function valueWords(property: PropertyValue): string {
  switch (property.type) {
    case 'date': {
      const [year = 0, month = 1, day = 1] = property.value.split('-').map(Number);
      return dates.format(new Date(year, month - 1, day, 12));
    }
    case 'money':
      return moneyWords(property.amount, property.currency);
    default:
      return property.value;
  }
}

function moneyWords(amount: string, currency: string): string {
  const digits = amount.split('.')[1]?.length ?? 0;
  try {
    // The digits as they were written: a price of 0.125 is no price of 0.13.
    const format = new Intl.NumberFormat(undefined, { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits });
    return format.format(amount as Intl.StringNumericLiteral);
  } catch {
    return `${amount} ${currency}`;
  }
}
