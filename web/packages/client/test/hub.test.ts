import { beforeEach, describe, expect, it } from 'vitest';
import { Hub } from '../src/share/hub.js';
import type { FromHub, Port } from '../src/share/messages.js';
import { ChannelSocket, installBrowser } from './browser.js';

class Tab implements Port {
  readonly got: FromHub[] = [];
  post(message: FromHub): void {
    this.got.push(message);
  }
  get frames(): string[] {
    return this.got.flatMap((message) => (message.type === 'frame' ? [`${message.channels.join()} ${message.frame}`] : []));
  }
  get lost(): string[] {
    return this.got.flatMap((message) => (message.type === 'lost' ? [message.channel] : []));
  }
}

describe('the hub', () => {
  let hub: Hub;
  let ann: Tab;
  let ben: Tab;

  beforeEach(() => {
    installBrowser();
    hub = new Hub('wss://server.example/ws');
    ann = new Tab();
    ben = new Tab();
    hub.receive(ann, { type: 'open', channel: 'a' });
    hub.receive(ben, { type: 'open', channel: 'b' });
  });

  it('opens one WebSocket for all tabs, and tells each that it is open', () => {
    expect(ann.got.map(({ type }) => type)).toEqual(['found']);
    ChannelSocket.last.opens();
    expect(ChannelSocket.all).toHaveLength(1);
    expect(ann.got.at(-1)).toEqual({ type: 'opened', channel: 'a' });
    const late = new Tab();
    hub.receive(late, { type: 'open', channel: 'c' });
    expect(late.got.map(({ type }) => type)).toEqual(['found', 'opened']);
  });

  it('writes the number of a channel before its messages, once for a run of them', () => {
    const socket = ChannelSocket.last.opens();
    for (const [port, channel, frame] of [[ann, 'a', '[1]'], [ann, 'a', '[2]'], [ben, 'b', '[3]'], [ann, 'a', '[4]']] as const) {
      hub.receive(port, { type: 'send', channel, frame });
    }
    expect(socket.sent).toEqual(['1', '[1]', '[2]', '2', '[3]', '1', '[4]']);
  });

  it('gives each tab what is for its channels, and one message for several channels of a tab', () => {
    hub.receive(ann, { type: 'open', channel: 'a2' });
    ChannelSocket.last.opens().says('1', '[1]', '2,3', '[2]', '[3]', '9', '[4]');
    expect(ann.frames).toEqual(['a [1]', 'a2 [2]', 'a2 [3]']);
    expect(ben.frames).toEqual(['b [2]', 'b [3]']);
    ChannelSocket.last.says('1,3', '[5]');
    expect(ann.frames.at(-1)).toBe('a,a2 [5]');
  });

  it('tells a tab that the server has closed its channel', () => {
    ChannelSocket.last.opens().says('-1 1008 killed', '1', '[1]');
    expect(ann.lost).toEqual(['a']);
    expect(ann.frames).toEqual([]);
    expect(ben.lost).toEqual([]);
  });

  it('closes the channel of a tab that has gone, and the connection with the last one', () => {
    const socket = ChannelSocket.last.opens();
    hub.gone(ann);
    expect(socket.sent).toEqual(['-1']);
    expect(socket.closed).toBe(false);
    hub.receive(ben, { type: 'close', channel: 'b' });
    expect(socket.closed).toBe(true);
    hub.receive(ann, { type: 'open', channel: 'a3' });
    expect(ChannelSocket.all).toHaveLength(2);
    hub.receive(ann, { type: 'send', channel: 'a', frame: '[1]' }); // of a channel that is closed
    expect(ann.lost).toEqual(['a']);
  });

  it('tells all tabs that the connection is lost, and connects anew for the next channel', () => {
    ChannelSocket.last.opens().onclose?.();
    expect([ann.lost, ben.lost]).toEqual([['a'], ['b']]);
    hub.receive(ann, { type: 'open', channel: 'a2' });
    const socket = ChannelSocket.last.opens();
    hub.receive(ann, { type: 'send', channel: 'a2', frame: '[1]' });
    expect(socket.sent).toEqual(['1', '[1]']);
  });

  it('sends tabs away from a server that knows no channels', () => {
    ChannelSocket.speaks = 'wamp.2.json';
    ChannelSocket.last.opens();
    expect(ChannelSocket.last.closed).toBe(true);
    expect([ann.got.at(-1), ben.got.at(-1)]).toEqual([{ type: 'alone', channel: 'a' }, { type: 'alone', channel: 'b' }]);
  });

  it('closes the channel of a tab that handles nothing, before it fills the memory', () => {
    const socket = ChannelSocket.last.opens();
    const event = `[36,"${'x'.repeat(1 << 20)}"]`;
    for (let n = 0; n < 8; n++) {
      socket.says('1,2', event);
      hub.receive(ben, { type: 'read', channel: 'b', length: event.length });
    }
    expect(ann.frames.length).toBe(4);
    expect(ann.lost).toEqual(['a']);
    expect(ben.frames.length).toBe(8);
    expect(socket.sent).toEqual(['-1']);
  });
});
