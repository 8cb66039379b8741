/** A chat room with the people in it. The server admits anonymous pages, and keeps the messages of `chat.{room}`. */
import { connect } from '@tidings/client';
import { createApp, defineComponent, h, ref } from 'vue';
import { tidings, useCall, useConnection, usePresence, useStatus, useTopic } from '../src/vue';

const ROOM = 'chat.vue';

const Room = defineComponent(() => {
  const connection = useConnection();
  const { events, status: room } = useTopic(ROOM, { history: 20 });
  const status = useStatus();
  const { count } = usePresence('room.vue');
  const { run, pending, result, failure } = useCall('tidings.ping');
  const text = ref('');
  const say = async (event: Event): Promise<void> => {
    event.preventDefault();
    await connection.publish(ROOM, { args: [text.value], acknowledge: true, excludeMe: false });
    text.value = '';
  };
  const shown = (): string => (status.value.state === 'stale' ? `as of ${status.value.since.toLocaleTimeString()}` : status.value.state);
  return () => h('main', [
    h('p', { 'data-testid': 'status' }, `${shown()}, this room: ${room.value?.state}`),
    h('p', { 'data-testid': 'people' }, `${count.value} here`),
    h('ul', events.value.map(({ publication, payload }) => h('li', { key: publication, 'data-testid': 'message' }, String(payload.args[0])))),
    h('form', { onSubmit: say }, [
      h('input', { 'data-testid': 'text', value: text.value, onInput: (event: Event) => (text.value = (event.target as HTMLInputElement).value) }),
      h('button', 'Say'),
    ]),
    h('button', { 'data-testid': 'call', onClick: () => run() }, 'Is the server there?'),
    h('p', { 'data-testid': 'answer' }, pending.value ? '…' : failure.value?.message ?? (result.value ? 'yes' : '')),
  ]);
});

const server = new URLSearchParams(location.search).get('server') ?? location.origin;
createApp(Room).use(tidings(connect({ url: new URL('/ws', server) }))).mount('#app');
