/** The browser SDK of Tidings: the connection (connection.ts), and one file for each feature on top of it. */
export { backoff } from './backoff.js';
export { connect, type Connection } from './connection.js';
export { type Change, type ContentHandlers, type ContentWatch, type RefusedTag, watchContent } from './content.js';
export { Failed, TicketRefused } from './failure.js';
export { type Flash, type FlashOptions, type Level, watchFlash } from './flash.js';
export type { HeartbeatOptions } from './heartbeat.js';
export type { Loader, Queued } from './loaded.js';
export { type Maintenance, watchMaintenance } from './maintenance.js';
export { type Dict, isDict, type Match, type Message, type Payload } from './messages.js';
export type {
  CallOptions, ConnectionState, Event, EventHandler, Handle, Options, Procedure, PublishOptions, RegisterOptions, SubscribeOptions,
  Subscription, TopicEvent,
} from './options.js';
export type { Gap, Position } from './positions.js';
export {
  enterPresence, type Mode, others, type Person, type Presence, type PresenceChange, type PresenceHandlers, type PresenceUpdate,
} from './presence.js';
export type { Queue } from './queue.js';
export type { ReporterOptions } from './reporter.js';
export type { ShareOptions } from './share.js';
export type { Delivery, Failure, QueueLimits, Session } from './state.js';
export type { Freshness, Status } from './status.js';
export { tabIdentity } from './tab.js';
export type { TicketCallback, TicketRequest } from './ticket-source.js';
export { encodeParam, topicOf } from './topic.js';
export { type Dial, type Transport, type TransportEvents, automatic, webSocket } from './transport.js';
export { type ErrorKind, type Reason, TidingsError, type Trouble } from './trouble.js';
