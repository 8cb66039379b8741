// The events of the service, by themselves and together with objects of the real Backbone.
import backbone from 'backbone';
import backbone13 from 'backbone-1.3';
import { beforeEach, describe, expect, it } from 'vitest';
import { Events } from '../src/events.ts';

let events;
let heard;
const note = (name) => (...args) => heard.push([name, ...args]);
beforeEach(() => {
  events = new Events();
  heard = [];
});

describe('events', () => {
  it('calls the callbacks of a name in their order, with the arguments and the context', () => {
    const context = {};
    events.on('lost', note('first')).on('lost', function (...args) { heard.push([this === context, ...args]); }, context);
    events.on('back', function () { heard.push([this === events]); });
    events.trigger('lost', { code: 2 }, 'more').trigger('back').trigger('nothing');
    expect(heard).toEqual([['first', { code: 2 }, 'more'], [true, { code: 2 }, 'more'], [true]]);
  });

  it('takes several names, and an object of names', () => {
    const context = {};
    events.on('a b', note('text')).on({ 'a c': function () { heard.push([this === context]); } }, context).trigger('a b c', 1);
    expect(heard).toEqual([['text', 1], [true], ['text', 1], [true]]);
  });

  it('calls `all` at every event, with its name', () => {
    events.on('all', note('all')).trigger('lost', 1).trigger('all', 2);
    expect(heard).toEqual([['all', 'lost', 1], ['all', 2]]);
  });

  it('calls a callback of `once` once for each name, also if it triggers the event itself', () => {
    const again = () => { heard.push('x'); events.trigger('a'); };
    events.once('a b', again).once({ c: note('c') }).trigger('a').trigger('a').trigger('b').trigger('c').trigger('c');
    expect(heard).toEqual(['x', 'x', ['c']]);
  });

  it.each([
    ['a callback of a name', (one) => ['lost', one], ['lost other', 'back one']],
    ['a name', () => ['lost'], ['back one']],
    ['a callback', (one) => [null, one], ['lost other']],
    ['a context', (_, context) => [null, null, context], ['lost one', 'back one']],
    ['an object of names', (one) => [{ lost: one, back: one }], ['lost other']],
    ['everything', () => [], []],
  ])('removes by %s', (_, arguments_, left) => {
    const one = note('one');
    const context = {};
    events.on('lost', one).on('lost', note('other'), context).on('back', one);
    events.off(...arguments_(one, context)).trigger('lost', 'lost').trigger('back', 'back');
    expect(heard.map(([who, event]) => `${event} ${who}`)).toEqual(left);
  });

  it('removes a callback of `once` by the function that was given', () => {
    const one = note('one');
    events.once('lost', one).off('lost', one).trigger('lost');
    expect(heard).toEqual([]);
  });

  it('calls what was there when the event was triggered', () => {
    const other = note('other');
    events.on('lost', () => events.off('lost', other).on('lost', note('new'))).on('lost', other).trigger('lost');
    expect(heard).toEqual([['other']]);
  });

  it('has the older names', () => {
    const one = note('one');
    events.bind('lost', one).trigger('lost').unbind('lost', one).trigger('lost');
    expect(heard).toEqual([['one']]);
  });

  it('listens to another object until it stops: with everything, one object, one name or one callback', () => {
    const [source, other] = [new Events(), new Events()];
    const [a, b] = [note('a'), note('b')];
    const heardOf = () => {
      heard = [];
      source.trigger('x').trigger('y');
      other.trigger('x');
      return heard.map(([who]) => who).join('');
    };
    const listens = () => events.listenTo(source, 'x y', a).listenTo(source, { x: b }).listenTo(other, 'x', b);
    listens();
    expect(heardOf()).toBe('abab');
    events.stopListening(source, 'x', b);
    expect(heardOf()).toBe('aab');
    events.stopListening(source, 'y');
    expect(heardOf()).toBe('ab');
    events.stopListening(null, null, b);
    expect(heardOf()).toBe('a');
    events.stopListening(source);
    expect(heardOf()).toBe('');
    listens().stopListening();
    expect(heardOf()).toBe('');
    events.listenToOnce(source, 'x', a);
    expect(heardOf() + heardOf()).toBe('a');
  });
});

describe.each([['1.3', backbone13], ['1.6', backbone]])('with Backbone %s', (version, Backbone) => {
  it(`is version ${version}`, () => expect(Backbone.VERSION.startsWith(version)).toBe(true));

  it('is heard by a model that listens to it, until the model stops', () => {
    const model = new Backbone.Model();
    model.listenTo(events, 'connection_lost connection_established', function (...args) { heard.push([this === model, ...args]); });
    events.trigger('connection_lost', { code: 2 }).trigger('connection_established');
    model.stopListening(events, 'connection_lost');
    events.trigger('connection_lost');
    model.stopListening();
    events.trigger('connection_established');
    expect(heard).toEqual([[true, { code: 2 }], [true]]);
  });

  it('is heard once by a model that listens once, beside its own callbacks', () => {
    const model = new Backbone.Model();
    events.on('connection_lost', note('own'));
    model.listenToOnce(events, 'connection_lost', note('model'));
    events.trigger('connection_lost').trigger('connection_lost');
    expect(heard).toEqual([['own'], ['model'], ['own']]);
  });

  it('listens to a model', () => {
    const model = new Backbone.Model();
    events.listenTo(model, 'change:name', note('changed'));
    model.set('name', 'Ann');
    events.stopListening(model);
    model.set('name', 'Bob');
    expect(heard.map(([name, , value]) => [name, value])).toEqual([['changed', 'Ann']]);
  });

  it('calls the same callbacks as Backbone for the same calls', () => {
    const script = (target) => {
      heard = [];
      const [one, two, context] = [note('one'), note('two'), {}];
      target.on('a b', one).on('a', two, context).once('a', one, context).on({ b: two }, context);
      target.trigger('a', 1).trigger('a b', 2);
      target.off('a', one).trigger('a', 3).off(null, null, context).trigger('b', 4).off('b').trigger('a b', 5);
      return heard;
    };
    const expected = script({ ...Backbone.Events });
    expect(expected.length).toBeGreaterThan(6);
    expect(script(events)).toEqual(expected);
  });
});
