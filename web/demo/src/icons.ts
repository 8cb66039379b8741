import { html, svg, type SVGTemplateResult, type TemplateResult } from 'lit';

function icon(shape: SVGTemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${shape}</svg>`;
}

export const orders = icon(svg`<path d="M7 4h10a2 2 0 0 1 2 2v14l-3.500-2-3.500 2-3.500-2L5 20V6a2 2 0 0 1 2-2zM9 9h6M9 13h6" />`);
export const prices = icon(svg`<path d="M4 19V5M4 19h16M7.500 14.500l3.500-4 3 2.500 4.500-6" />`);
export const chat = icon(svg`<path d="M5 5h14a1.500 1.500 0 0 1 1.500 1.500v9A1.500 1.500 0 0 1 19 17h-7l-4.500 3.500V17H5a1.500 1.500 0 0 1-1.500-1.500v-9A1.500 1.500 0 0 1 5 5z" />`);
export const sun = icon(svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600l1.400 1.400M17 17l1.400 1.400M5.600 18.400l1.400-1.400M17 7l1.400-1.400" />`);
export const moon = icon(svg`<path d="M20 14.500A8 8 0 1 1 9.500 4a6.500 6.500 0 0 0 10.500 10.500z" />`);
export const close = icon(svg`<path d="M6 6l12 12M18 6L6 18" />`);
export const back = icon(svg`<path d="M14.500 5.500L8 12l6.500 6.500" />`);
export const send = icon(svg`<path d="M4 12l16-7-6 15-3-6.500z" />`);
export const pencil = icon(svg`<path d="M5 19l1-4L16.500 4.500l3 3L9 18z" />`);
export const eye = icon(svg`<path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z" /><circle cx="12" cy="12" r="3" />`);
export const tools = icon(svg`<path d="M14 7a4 4 0 0 1 5.500-3.500L17 6l1 1 2.500-2.500A4 4 0 0 1 15 10l-8 8a2 2 0 0 1-3-3l8-8" />`);
export const bell = icon(svg`<path d="M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 1.500h-15zM10 20.500h4" />`);
const info = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 11v5.500M12 7.500v.01" />`);
const success = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M8 12.500l2.800 2.800L16 9.500" />`);
const warning = icon(svg`<path d="M12 3.500L21.500 20h-19zM12 10v4.500M12 17.200v.01" />`);
const error = icon(svg`<path d="M8.300 3h7.400L21 8.300v7.400L15.700 21H8.300L3 15.700V8.300zM9 9l6 6M15 9l-6 6" />`);
export const levels = { info, success, warning, error } as const;
export const logo = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <rect width="32" height="32" rx="8" />
  <path d="M6 11c3.300 0 3.300-3 6.700-3s3.300 3 6.600 3 3.300-3 6.700-3M6 17.500c3.300 0 3.300-3 6.700-3s3.300 3 6.600 3 3.300-3 6.700-3M6 24c3.300 0 3.300-3 6.700-3s3.300 3 6.600 3 3.300-3 6.700-3" />
</svg>`;
