import type { Order, OrderFields } from './api';

export type Field = keyof OrderFields;

export const LABELS: Readonly<Record<Field, string>> = {
  customer: 'Customer', item: 'Item', quantity: 'Quantity', price: 'Price', status: 'Status', note: 'Note',
};
export const STATUSES = ['new', 'confirmed', 'packed', 'shipped', 'cancelled'] as const;
export const FIELDS = Object.keys(LABELS) as readonly Field[];

/** The fields of the form, as text. */
export type Draft = Readonly<Record<Field, string>>;

export function draftOf(order: Order): Draft {
  const { customer, item, quantity, price, status, note } = order;
  return { customer, item, quantity: String(quantity), price: String(price), status, note };
}

export function fieldsOf({ quantity, price, ...texts }: Draft): OrderFields {
  return { ...texts, quantity: Number(quantity), price: Number(price) };
}

/** Returns the fields that the user has changed. */
export function changesOf(order: Order, draft: Draft | null): Readonly<Partial<Draft>> {
  const saved = draftOf(order);
  return Object.fromEntries(FIELDS.filter((field) => draft && draft[field] !== saved[field]).map((field) => [field, draft![field]]));
}

/** Returns the order with other fields on top, or null if that is the order as it is. */
export function draftFrom(order: Order, fields: Readonly<Record<string, string>>): Draft | null {
  const known = Object.fromEntries(FIELDS.filter((field) => typeof fields[field] === 'string').map((field) => [field, fields[field]!]));
  const draft = { ...draftOf(order), ...known };
  return Object.keys(changesOf(order, draft)).length > 0 ? draft : null;
}

export function differing(before: Order, after: Order): readonly Field[] {
  return FIELDS.filter((field) => before[field] !== after[field]);
}
