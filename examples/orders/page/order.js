// The page of the four example applications. The form works without Tidings: nothing of it waits for the SDK, which the
// loader fetches as soon as the server is there.
const app = JSON.parse(document.getElementById('app').textContent); // {user, operator, csrf, tidings, order}
const $ = (id) => document.getElementById(id);
const form = $('order').elements;
let { order } = app;
let tidings; // once the SDK is here

const post = (path, body, headers = {}, method = 'POST') => fetch(path, {
  method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': app.csrf, ...headers },
});
const show = (element, text) => {
  (element.querySelector('span, p') ?? element).textContent = text;
  element.hidden = text === '';
};

function fill(next) {
  order = next;
  form.status.value = order.status;
  form.note.value = order.note;
  show($('outdated'), '');
}

$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const tab = tidings ? { 'Tidings-Tab': await tidings.tab } : {};
  const said = { version: order.version, status: form.status.value, note: form.note.value };
  try {
    const answer = await post('/order', said, tab, 'PUT');
    const body = await answer.json();
    if (answer.status === 409) return show($('outdated'), `${body.by} has saved before you. Your text is still here.`);
    if (!answer.ok) throw new Error(body.error);
    fill(body.order);
    $('result').textContent = body.editors.length > 0 ? `Saved. ${body.editors.join(', ')} is editing, too.` : 'Saved.';
  } catch (error) {
    $('result').textContent = `Not saved (${error.message}). Your text is still here.`;
  }
});
$('reload').addEventListener('click', async () => fill(await (await fetch('/order')).json()));
$('site').addEventListener('submit', (event) => {
  event.preventDefault();
  void post('/maintenance', { message: $('site').elements.message.value });
});
$('site').elements.off.addEventListener('click', () => void post('/maintenance', { message: '' }));

async function listen() {
  const { connect, enterPresence, others, TicketRefused, watchContent, watchMaintenance } = await Tidings;
  tidings = connect({
    url: `${app.tidings}/ws`,
    ticket: async () => {
      const answer = await post('/ticket', {});
      if (answer.status === 401 || answer.status === 403) throw new TicketRefused('Please log in again.');
      if (!answer.ok) throw new Error(`the ticket endpoint answered ${answer.status}`);
      return (await answer.json()).ticket;
    },
  });
  tidings.onState(({ name }) => Object.assign($('connection'), { textContent: name }).setAttribute('data-state', name));
  watchContent(tidings, ['order.42'], {
    changed: ({ author, mine }) => show($('outdated'), `${mine ? 'You have' : `${author?.name ?? 'Somebody'} has`} saved this order.`),
    ready: async () => { // was it changed before the page watched?
      const now = await (await fetch('/order')).json();
      if (now.version !== order.version) show($('outdated'), `${now.by} has saved this order.`);
    },
  });
  const presence = enterPresence(tidings, 'order.42', 'view', {
    changed: ({ people }) => show($('people'), others(people, app.user.id)
      .map(({ name, mode }) => `${name} is ${mode === 'edit' ? 'editing' : 'looking at'} this order.`).join(' ')),
  });
  $('order').addEventListener('input', () => presence.setMode('edit'), { once: true });
  watchMaintenance(tidings, ({ on, exempt, message }) => {
    show($('maintenance'), on ? message || 'Please wait.' : '');
    if (on && !exempt) $('maintenance').showModal();
    else $('maintenance').close();
  });
}

fill(order);
$('user').textContent = app.user.name;
$('site').hidden = !app.operator;
void listen();
