import type { Road, RoadEvents } from './messages.js';
export declare function tabRoad(address: string, key: string, events: RoadEvents): Road;
