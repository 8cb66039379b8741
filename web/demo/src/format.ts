const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });

export const euros = (amount: number): string => money.format(amount);
export const time = (date: Date): string => clock.format(date);

/** Returns "14:05" for a time of today, "21 Nov, 14:05" for an earlier one. */
export function moment(date: Date, now = new Date()): string {
  return date.toDateString() === now.toDateString() ? time(date) : `${day.format(date)}, ${time(date)}`;
}

/** Joins words: "status and note", "status, price and note". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase();
}

/** Returns one of six colours, the same one for the same person. */
export function tint(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}
