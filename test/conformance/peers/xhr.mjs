// As much of the browsers' XMLHttpRequest as autobahn's long-poll uses.
export class XMLHttpRequest {
  readyState = 0;
  status = 0;
  #headers = {};

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  async send(body) {
    const signal = this.timeout > 0 ? AbortSignal.timeout(this.timeout) : undefined;
    try {
      const response = await fetch(this.url, { method: this.method, headers: this.#headers, body, signal });
      this.responseText = await response.text();
      this.status = response.status;
      this.statusText = response.statusText;
    } catch (e) {
      if (signal?.aborted) return this.ontimeout?.();
      this.statusText = String(e);
    }
    this.readyState = 4;
    this.onreadystatechange();
  }
}
