import { html, type TemplateResult } from 'lit';
import { isolated } from './format';

const LISTED = 3; // names; of more people the first two are named, and the others are counted

type Part = { readonly name: string } | string;

/** A person's name: its direction does not reach the text around it, and a long one is cut off where there is no room. */
export function personName(name: string): TemplateResult {
  return html`<bdi class="name" title=${name}>${name}</bdi>`;
}

/** Names people: "Ann", "Ann, Ben and Cem", "Ann, Ben and 58 others". `total` counts those that are not in the list, too. */
export function people(names: readonly string[], total = names.length): TemplateResult {
  return html`${parts(names, total).map((part) => (typeof part === 'string' ? part : personName(part.name)))}`;
}

/** Names people in a text without elements. */
export function peopleText(names: readonly string[], total = names.length): string {
  return parts(names, total).map((part) => (typeof part === 'string' ? part : isolated(part.name))).join('');
}

function parts(names: readonly string[], total: number): readonly Part[] {
  const named = total > LISTED ? names.slice(0, 2) : names;
  const rest = total - named.length;
  const all: Part[] = [...named.map((name) => ({ name })), ...(rest > 0 ? [`${rest} ${rest > 1 ? 'others' : 'other'}`] : [])];
  return all.flatMap((part, at) => (at === 0 ? [part] : [at === all.length - 1 ? ' and ' : ', ', part]));
}
