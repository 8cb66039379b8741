import { describe, expect, it } from 'vitest';
import { Code, decode, encode, parse } from '../src/messages.js';

describe('a frame', () => {
  it.each([
    ['cut \ud83d', 'cut \ufffd'],
    ['\ud83d', '\ufffd'],
    ['\udc00 first', '\ufffd first'],
    ['\ude00\ud83d', '\ufffd\ufffd'],
    ['\ud83d\ud83d\ude00', '\ufffd😀'],
    ['whole 😀', 'whole 😀'],
    ['a backslash \\ud83d', 'a backslash \\ud83d'],
    ['two \\\\\ud83d', 'two \\\\\ufffd'],
    ['"\\"\n\u0000\ud83d"', '"\\"\n\u0000\ufffd"'],
    ['ends in \\', 'ends in \\'],
  ])('is well-formed text, whatever it says: %j', (text, whole) => {
    const message = [Code.publish, 1, {}, text, [text, { [text]: [text] }], { deep: { [text]: text } }];
    const want = [Code.publish, 1, {}, whole, [whole, { [whole]: [whole] }], { deep: { [whole]: whole } }];
    const frame = encode(message);
    expect(JSON.parse(frame)).toEqual(want);
    expect(frame).toBe(JSON.stringify(want));
  });

  it('takes the text of a value as JSON has it', () => {
    const custom = { toJSON: () => 'cut \ud83d' };
    expect(encode([custom, new Date(0)])).toBe('["cut \ufffd","1970-01-01T00:00:00.000Z"]');
  });

  it('may have null and empty lists in place of an empty dict', () => {
    expect(parse([36,1,2,[],null,{"a":1}])).toMatchObject({ type: 'event', details: {}, payload: { args: [], kwargs: { a: 1 } } });
    expect(parse([50,1,[],[1],[]])).toMatchObject({ type: 'result', payload: { args: [1], kwargs: {} } });
    expect(parse([50,1,{},[1],[2]])).toMatchObject({ type: 'malformed' });
  });

  it('that is not JSON is read as a malformed message', () => {
    expect(decode('[1,{}]')).toEqual([1, {}]);
    expect(parse(decode('[1,'))).toEqual({ type: 'malformed', problem: 'a message is a list' });
  });
});
