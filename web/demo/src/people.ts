import type { Person } from '@tidings/client';
import { peopleText } from './names';

/** Returns what has changed between two lists of people, for screen readers: "Ann came. Ben and Cem are editing." */
export function differences(before: readonly Person[], after: readonly Person[]): string {
  const was = new Map(before.map((person) => [person.id, person]));
  const is = new Map(after.map((person) => [person.id, person]));
  const sayings: readonly (readonly [readonly Person[], string, string])[] = [
    [after.filter(({ id }) => !was.has(id)), 'came', 'came'],
    [before.filter(({ id }) => !is.has(id)), 'left', 'left'],
    [after.filter(({ id, mode }) => mode === 'edit' && was.get(id)?.mode !== 'edit'), 'is editing', 'are editing'],
    [after.filter(({ id, mode }) => mode === 'view' && was.get(id)?.mode === 'edit'), 'stopped editing', 'stopped editing'],
  ];
  return sayings.filter(([people]) => people.length > 0)
    .map(([people, one, many]) => `${peopleText(people.map(({ name }) => name))} ${people.length > 1 ? many : one}.`).join(' ');
}
