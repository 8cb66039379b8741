/** A chat room with the people in it. The server admits anonymous pages, and keeps the messages of `chat.{room}`. */
import { connect } from '@tidings/client';
import { type FormEvent, type ReactNode, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { TidingsProvider, useCall, useConnection, usePresence, useStatus, useTopic } from '../src/react';

const ROOM = 'chat.react';

function Room(): ReactNode {
  const connection = useConnection();
  const { events, status } = useTopic(ROOM, { history: 20 });
  const { state, since } = useStatus();
  const { count } = usePresence('room.react');
  const clock = useCall('tidings.ping');
  const [text, setText] = useState('');
  const say = (event: FormEvent): void => {
    event.preventDefault();
    void connection.publish(ROOM, { args: [text], acknowledge: true, excludeMe: false }).then(() => setText(''));
  };
  return (
    <main>
      <p data-testid="status">{state === 'stale' ? `as of ${since.toLocaleTimeString()}` : state}, this room: {status?.state}</p>
      <p data-testid="people">{count} here</p>
      <ul>{events.map(({ publication, payload }) => <li key={publication} data-testid="message">{String(payload.args[0])}</li>)}</ul>
      <form onSubmit={say}><input value={text} onChange={({ target }) => setText(target.value)} data-testid="text" /><button>Say</button></form>
      <button onClick={() => void clock.run()} data-testid="call">Is the server there?</button>
      <p data-testid="answer">{clock.pending ? '…' : clock.failure?.message ?? (clock.result ? 'yes' : '')}</p>
    </main>
  );
}

const server = new URLSearchParams(location.search).get('server') ?? location.origin;
createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <TidingsProvider connection={connect({ url: new URL('/ws', server) })}><Room /></TidingsProvider>
  </StrictMode>,
);
