// Shows the OpenAPI document of this server by Swagger UI, which asks no other server for anything.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();

  const show = (spec) => {
    // The document names the paths of the server; a proxy may have put a prefix before them.
    spec.servers = [{ url: new URL('../..', location.href).pathname.replace(/\/$/, '') || '/' }];
    window.ui = SwaggerUIBundle({
      spec,
      dom_id: '#api',
      deepLinking: true,
      docExpansion: 'list',
      validatorUrl: null,
      presets: [SwaggerUIBundle.presets.apis],
    });
  };
  const fail = (reason) => {
    const text = document.createElement('p');
    text.setAttribute('role', 'alert');
    text.textContent = `The document openapi.json could not be loaded: ${reason}. Reload the page.`;
    document.getElementById('api').replaceChildren(text);
  };
  fetch('openapi.json')
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
    .then(show)
    .catch((error) => fail(error.message));
})();
