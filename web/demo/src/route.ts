/** The screen that the hash selects: `#/orders/1041`, `#/prices`, `#/chat/sales`. */
export type Route =
  | { readonly screen: 'orders'; readonly order: number | null }
  | { readonly screen: 'prices' }
  | { readonly screen: 'chat'; readonly room: string };

export const ROOMS = [
  { id: 'general', name: 'General' },
  { id: 'sales', name: 'Sales' },
  { id: 'warehouse', name: 'Warehouse' },
] as const;

export function routeFrom(hash: string): Route {
  const [screen, detail = ''] = hash.replace(/^#\/?/, '').split('/');
  if (screen === 'prices') return { screen };
  if (screen === 'chat') return { screen, room: ROOMS.some(({ id }) => id === detail) ? detail : ROOMS[0].id };
  return { screen: 'orders', order: /^\d+$/.test(detail) ? Number(detail) : null };
}
