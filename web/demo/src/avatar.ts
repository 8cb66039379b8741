import { html, nothing, type TemplateResult } from 'lit';
import { initials, tint } from './format';
import { pencil } from './icons';

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly mode?: 'view' | 'edit';
}

/** A person as a coloured circle, hidden from screen readers. The caller shows the name beside it. */
export function avatar({ id, name, mode }: Shown): TemplateResult {
  const badge = mode === 'edit' ? html`<span class="avatar-badge">${pencil}</span>` : nothing;
  return html`<span class="avatar tint-${tint(id)} ${mode ?? ''}" aria-hidden="true">${initials(name)}${badge}</span>`;
}
