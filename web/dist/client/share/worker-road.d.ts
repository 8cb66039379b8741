import type { Road, RoadEvents } from './messages.js';
/** Takes the way to the worker. `key` names it: tabs with the same key share. */
export declare function workerRoad(worker: URL, address: string, key: string, events: RoadEvents): Road;
