import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeParam, topicOf } from '../src/topic.ts';

// The rows of the table in docs/protocol.md that have a value.
const page = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8');
const section = page.split('## Parameters in topics')[1]?.split('\n## ')[0] ?? '';
const vectors = [...section.matchAll(/^\| `([^`]+)` \| `([^`]+)` \|/gm)].map((row) => [row[1], row[2]]);

describe('parameters in topics', () => {
  test('are spelled as docs/protocol.md has them', () => {
    expect(vectors.length).toBeGreaterThan(9);
    for (const [value, spelled] of vectors) expect(encodeParam(value)).toBe(spelled);
    expect(() => encodeParam('')).toThrow('must not be empty');
  });

  test('fill a contract', () => {
    expect(topicOf('user.{user}.flash', { user: 'ann@example.com' })).toBe('user.ann@example%2Ecom.flash');
    expect(topicOf('a/{x:[a-z]{2}}.{y:int}', { x: 'b/', y: 7 })).toBe('a/b%2F.7');
    expect(() => topicOf('user.{user}', {})).toThrow('has the parameter user, which is not given');
    expect(() => topicOf('user.{user}', { user: 'a', usr: 'b' })).toThrow('has no parameter usr');
  });
});
