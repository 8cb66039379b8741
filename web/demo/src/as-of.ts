import { html, nothing, type TemplateResult } from 'lit';
import { moment } from './format';

/** The mark beside what may not be true any more. Its time is that of the last message of the server. */
export function asOf(since: Date | null): TemplateResult | typeof nothing {
  return since ? html`<span class="as-of" data-testid="as-of">as of <time datetime=${since.toISOString()}>${moment(since)}</time></span>` : nothing;
}
