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

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g; // invisible characters that turn what follows

/** Returns the first letters of the first and the last word, or the emoji that a name begins with. */
export function initials(name: string): string {
  const words = name.replace(DIRECTION, '').toUpperCase().split(/\s+/).filter(Boolean);
  const [first = '?', last = ''] = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => beginning(word ?? '?'));
  return EMOJI.test(first) ? first : first + last;
}

/** Returns the first character as a reader sees it, which can be many code points. */
function beginning(word: string): string {
  return [...graphemes.segment(word)][0]?.segment ?? '';
}

/** Returns a name for use inside a text: its direction, from right to left for example, ends with it. */
export function isolated(name: string): string {
  return `\u2068${name.replace(DIRECTION, '')}\u2069`;
}

/** Returns one of six colours, the same one for the same person. */
export function tint(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}
