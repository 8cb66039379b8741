package config

import (
	"net/netip"
	"time"
)

// Config holds the configuration. The tags are the schema, from which [Reference] is made.
type Config struct {
	Listen         string         `key:"listen" reload:"restart" default:":8080" check:"address" doc:"Address and port of the HTTP listener: WebSocket, HTTP API, pages. Port 0 selects a free port."`
	ReusePort      bool           `key:"reuse_port" reload:"restart" default:"false" doc:"Let another process of the same user listen on the same addresses, so that no connection is refused while it takes the place of this one. Linux only."`
	Realm          string         `key:"realm" reload:"restart" default:"app" check:"uri" doc:"The WAMP realm that clients join."`
	Data           string         `key:"data" reload:"restart" doc:"Folder for data that must survive a restart (used tickets, maintenance, publications of topics with keep). Without it everything is in memory."`
	Journal        Journal        `key:"journal" reload:"restart" doc:"How publications of topics with keep are stored in the data folder."`
	Origins        []Text         `key:"origins" doc:"Foreign web origins whose pages may connect, for example https://erp.example.com or https://*.example.com. Pages of the server's own origin may always connect."`
	TrustedProxies []netip.Prefix `key:"trusted_proxies" doc:"Addresses of reverse proxies whose X-Forwarded-* headers are believed, for example 10.0.0.0/8."`
	TLS            *TLS           `key:"tls" reload:"section" doc:"Serve HTTPS and wss instead of plain HTTP."`
	Limits         Limits         `key:"limits" doc:"Limits for one client and for all clients together."`
	HTTP           HTTP           `key:"http" doc:"Time limits of HTTP connections."`
	WebSocket      WebSocket      `key:"websocket" doc:"Compression, time limits and sockets of connections."`
	RawSocket      []RawSocket    `key:"rawsocket" reload:"restart" doc:"Listeners for WAMP RawSocket, for backends and devices."`
	LongPoll       bool           `key:"longpoll" reload:"restart" default:"false" doc:"Offer WAMP over HTTP long-poll at /longpoll, for clients that cannot use WebSocket."`
	URIs           string         `key:"uris" reload:"restart" default:"loose" one:"loose strict" doc:"Which URIs clients may use: loose allows everything except spaces and #, strict allows only lower-case letters, digits, _ and dots."`
	Protocol       string         `key:"protocol" reload:"restart" default:"lenient" one:"lenient strict" doc:"How closely clients must follow the WAMP specification. lenient accepts the known deviations of clients in use (request ids out of sequence, callees that use features they did not announce). strict refuses them or ends the session."`
	Auth           Auth           `key:"auth" doc:"Who may connect. Without this section only clients with an API key may."`
	APIKeys        []APIKey       `key:"api_keys" doc:"Keys of backends, for the HTTP API and for WAMP sessions."`
	Topics         []Topic        `key:"topics" map:"Pattern" doc:"The contracts of topics, by pattern."`
	Procedures     []Procedure    `key:"procedures" map:"Pattern" doc:"The contracts of procedures, by pattern."`
	Meta           Meta           `key:"meta" doc:"WAMP's meta API: what the router tells about sessions, subscriptions and registrations."`
	Authorizer     *Authorizer    `key:"authorizer" doc:"External authorizer: a webhook or procedure that decides where there is no contract, or in addition to contracts."`
	Trust          []Trust        `key:"trust" map:"Role" short:"level" doc:"Trust levels of roles. With this section, events and calls carry the highest level of their publisher's or caller's roles; roles without a level have 0."`
	Undeclared     string         `key:"undeclared" default:"refuse" one:"refuse allow" doc:"What happens to topics and procedures without a contract. allow is for experiments: every client may use them."`
	Metrics        Metrics        `key:"metrics" doc:"The page /metrics."`
	Log            Log            `key:"log" doc:"The server's log."`

	directory string
	positions map[string]Pos
	source    *source
	sections  []any
	warnings  Problems
}

// TLS names the files of a certificate.
type TLS struct {
	Cert Text `key:"cert" required:"true" doc:"File with the certificate chain, PEM."`
	Key  Text `key:"key" required:"true" doc:"File with the private key, PEM."`

	ClientCA   Text   `key:"client_ca" doc:"File with the certificate authorities of client certificates, PEM. auth.certificates maps certificates to users."`
	ClientAuth string `key:"client_auth" default:"optional" one:"optional required" doc:"Whether a client must have a certificate. It has an effect only with client_ca."`
}

// SyncLazily is a value of journal.sync.
const SyncLazily = "1s"

// Journal configures the log of kept publications.
type Journal struct {
	Sync  string `key:"sync" default:"always" one:"always 1s" doc:"When a publication is on the disk: always means before its publisher gets an answer. 1s is cheaper: a crash of the process loses the last milliseconds, a power failure up to two seconds. Clients that had received what was lost are told to load anew."`
	Bytes Size   `key:"bytes" default:"1GiB" min:"16MiB" max:"1024GiB" doc:"Size of the log on the disk; over it publications are refused until it is compacted, which the server does by itself. It needs four times limits.kept_bytes."`
}

// Limits bounds clients and requests.
type Limits struct {
	Connections int `key:"connections" default:"100000" min:"1" max:"10000000" doc:"Open connections of clients, over WebSocket, RawSocket and long-poll; the next one is answered with status 503."`

	HTTPConnections int `key:"http_connections" default:"10000" min:"16" max:"10000000" doc:"Open HTTP connections: those that are not, or not yet, a WebSocket. Over it the connection that has waited longest for another request is closed, or one that has sent no request for two seconds; if there is none, the new connection gets status 503, with TLS it is closed. Each client of long-poll needs one or two."`

	MessageBytes  Size          `key:"message_bytes" reload:"connections" default:"1MiB" min:"1KiB" max:"64MiB" doc:"Size of one WebSocket message, after decompression."`
	Handshake     Size          `key:"handshake_bytes" reload:"connections" default:"16KiB" min:"1KiB" max:"1MiB" doc:"Size of one message of a client that has not joined yet (HELLO, AUTHENTICATE), after decompression; a longer one ends the connection."`
	BodyBytes     Size          `key:"body_bytes" default:"1MiB" min:"1KiB" max:"64MiB" doc:"Size of one HTTP request's body."`
	MessageRate   int           `key:"message_rate" default:"500" min:"1" max:"1000000" doc:"Messages per second that the server reads from one client on average; a faster client waits. A message counts once more for each 4 KiB of its length. Pings, pongs and small fragments of messages count, too. A look-up in the meta API or of retained events counts as many messages."`
	MessageBurst  int           `key:"message_burst" default:"2000" min:"1" max:"1000000" doc:"Messages that the server reads from one client at once before message_rate applies."`
	Kill          time.Duration `key:"kill" default:"10s" min:"10ms" max:"10m" doc:"How long a callee may take to answer after CANCEL with the mode kill."`
	Subscriptions int           `key:"subscriptions" default:"1000" min:"1" max:"1000000" doc:"Subscriptions of one session."`
	Registrations int           `key:"registrations" default:"1000" min:"1" max:"1000000" doc:"Registrations of one session."`
	PendingCalls  int           `key:"pending_calls" default:"1000" min:"1" max:"1000000" doc:"Calls of one session that wait for their result."`
	KeptTopics    int           `key:"kept_topics" reload:"restart" default:"100000" min:"1" max:"10000000" doc:"Topics of which publications are kept; over it the contract with the most of them loses the one that was silent for the longest."`
	KeptBytes     Size          `key:"kept_bytes" reload:"restart" default:"64MiB" min:"64KiB" max:"64GiB" doc:"Memory for publications that are kept; over it the contract that takes the most loses topics, the one that was silent for the longest first."`
	SchemaSteps   int           `key:"schema_steps" default:"16" min:"1" max:"100000" doc:"Steps that the validation of a payload by its schema may take for each byte of the payload, besides 20000 in any case; a payload that takes more is refused. One step is one schema at one value."`
	RulePayload   Size          `key:"rule_payload_bytes" default:"64KiB" min:"1KiB" max:"64MiB" doc:"Size of the payload of a publication or call that a rule reads (payload, args, kwargs); a longer one is refused, except of a backend."`
	OutboxBytes   Size          `key:"outbox_bytes" default:"4MiB" min:"64KiB" max:"1GiB" doc:"Bytes of events and replies that may wait to be written to one client; over it the client is disconnected as slow. Messages of calls may take as much again; one without room is refused to its sender, and no caller takes more than half. Events of topics whose slow is latest or gap may take as much a third time."`
	OutboxFrames  int           `key:"outbox_frames" default:"10000" min:"16" max:"10000000" doc:"Events and replies that may wait to be written to one client; over it the client is disconnected as slow. Messages of calls are counted as in outbox_bytes."`
	OutboxTotal   Size          `key:"outbox_total" default:"256MiB" min:"1MiB" max:"1024GiB" doc:"Bytes that may wait to be written to all clients together; a message to many clients counts once. Over it the clients that hold the most are disconnected as slow, or get fewer events if the topics that they follow have the policy latest or gap, until a quarter is free. Publishers do not wait."`
	Receivers     int           `key:"receivers" reload:"connections" default:"10000" min:"16" max:"1000000" doc:"Ids, names and roles in the lists of receivers of one PUBLISH (exclude, eligible and the others) together; over it the publication is refused."`

	LoginFailures   int           `key:"login_failures" old:"key_failures" default:"30" min:"1" max:"100000" doc:"Failed logins that one address (of IPv6: one /64) may make in a minute, over HTTP and WAMP together: wrong API keys, passwords and proofs, forged tickets, unknown cookies, refusals of the application. Further logins from there wait: status 429, or wamp.error.authentication_failed. A user or API key that has logged in from the address before has an own limit there, of a third."`
	AccountFailures int           `key:"account_failures" default:"100" min:"1" max:"1000000" doc:"Failed logins at one user in a minute, from all addresses together. Then logins as this user wait, except from addresses where the user has logged in before."`
	PasswordHashes  int           `key:"password_hashes" default:"0" min:"0" max:"1024" doc:"Processors that hash passwords at a time; 0 means half of them. Other logins wait for their turn, those from known addresses first."`
	WaitingLogins   int           `key:"waiting_logins" default:"200" min:"1" max:"100000" doc:"Logins that may wait for the hash of a password, and as many from known addresses; the next one gets wamp.error.authentication_failed."`
	LoginWait       time.Duration `key:"login_wait" default:"5s" min:"100ms" max:"5m" doc:"How long a login may wait for the hash of a password before it gets wamp.error.authentication_failed."`
}

// HTTP configures HTTP connections.
type HTTP struct {
	Header time.Duration `key:"header" reload:"restart" default:"10s" min:"1s" max:"5m" doc:"How long a client may take to send the header of a request, and for the handshake of TLS."`
	Idle   time.Duration `key:"idle" reload:"restart" default:"2m" min:"1s" max:"1h" doc:"How long a connection may wait for its next request."`
	Write  time.Duration `key:"write" default:"10s" min:"1s" max:"5m" doc:"How long a client may take to accept the next 64 KiB of a response. It is disconnected after twice this time without such progress, because systems report in steps what their programs have read. The whole response may take longer."`
}

// WebSocket configures connections.
type WebSocket struct {
	Compression bool          `key:"compression" reload:"connections" default:"true" doc:"Accept permessage-deflate when a client offers it."`
	Hello       time.Duration `key:"hello" default:"10s" min:"1s" max:"5m" doc:"How long a client may take from connecting to joining."`
	Message     time.Duration `key:"message" default:"1m" min:"1s" max:"1h" doc:"How long one message may take from its first to its last byte."`
	Ping        time.Duration `key:"ping" default:"10s" min:"1s" max:"1h" doc:"How long a connection may be silent before it is pinged. With pong it says how soon others learn that a client is gone without a word."`
	Pong        time.Duration `key:"pong" default:"5s" min:"1s" max:"1h" doc:"How long the answer to a ping may take."`
	Write       time.Duration `key:"write" default:"10s" min:"1s" max:"5m" doc:"How long a client may take to accept the next 64 KiB. It is disconnected after twice this time without such progress, because systems report in steps what their programs have read."`
	Close       time.Duration `key:"close" default:"5s" min:"1s" max:"1m" doc:"How long the closing handshake may take."`
	Drain       time.Duration `key:"drain" default:"10s" min:"0s" max:"5m" doc:"The time over which a stopping server ends its sessions, so that clients come back without a storm. Fewer than 100 connections take less; with 0 all are ended at once. Clients that do not leave are disconnected websocket.close later."`
	Channels    int           `key:"channels" default:"32" min:"1" max:"1000" doc:"How many sessions one connection carries at most: the tabs of a browser share a connection, each with a session of its own. Each session beyond the first counts as a connection in limits.connections. With 1 no connection is shared."`
	AnyPath     bool          `key:"any_path" reload:"restart" default:"false" doc:"Accept WebSockets at every path that nothing else serves, not at /ws only."`
	Sockets     string        `key:"sockets" reload:"restart" default:"auto" one:"auto portable" doc:"How connections are read and written. auto takes the fastest way of the system: on Linux epoll without a goroutine for each connection, io_uring and an accept loop for upgrades. portable uses only the network functions of the Go library, for systems where that does not work."`
	IOUring     bool          `key:"io_uring" reload:"restart" default:"true" doc:"Write to many connections with one system call, where the system offers io_uring (Linux 5.17 and newer; some containers forbid it) and sockets is auto."`
}

// RawSocket is a listener for WAMP RawSocket.
type RawSocket struct {
	Listen Text `key:"listen" required:"true" check:"stream" doc:"tcp://host:port, tls://host:port (with the certificate under tls) or unix:///path. The permissions of its folder control access to a Unix socket."`
	Ping   bool `key:"ping" default:"false" doc:"Ping silent clients, and disconnect clients that do not answer. Some clients do not support pings and break."`
}

// Auth configures authentication.
type Auth struct {
	Tickets      *Tickets      `key:"tickets" reload:"section" doc:"One-time tickets that the application issues to its users."`
	Users        []User        `key:"users" doc:"Users of the configuration. The command tidings user makes the entries."`
	Cryptosign   *Cryptosign   `key:"cryptosign" doc:"How the server proves itself to clients that authenticate with a key pair."`
	Dynamic      *Dynamic      `key:"dynamic" doc:"Webhook or procedure that is asked about users that the configuration does not have."`
	Certificates []Certificate `key:"certificates" doc:"Users of client certificates, for the method tls: the first entry that matches decides. Needs tls.client_ca."`
	Cookie       *Cookie       `key:"cookie" doc:"Let browsers log in again as the same user, by the method cookie. Without this section no cookies are set."`
	Anonymous    *Anonymous    `key:"anonymous" doc:"Admit clients without credentials. Without this section clients must authenticate."`
}

// User is a user of the configuration.
type User struct {
	AuthID     string   `key:"authid" required:"true" check:"name" doc:"The user id: identity.id in rules, and the authid in HELLO."`
	Name       string   `key:"name" doc:"Display name; without it the authid."`
	Roles      []string `key:"roles" doc:"Roles; the first is the WAMP authrole."`
	Tenant     string   `key:"tenant" doc:"Tenant."`
	Password   Secret   `key:"password" doc:"Argon2id hash of the password, for clients that send it by the method ticket."`
	CRA        *CRA     `key:"wampcra" doc:"For the method wampcra. A reader of the key can log in with it."`
	SCRAM      *SCRAM   `key:"scram" doc:"For the method wamp-scram."`
	Cryptosign []string `key:"cryptosign" doc:"Ed25519 public keys in hexadecimal, any of which may log in by the method cryptosign."`

	Pos Pos
}

// CRA is a key for wampcra that was derived from a password.
type CRA struct {
	Key        Secret `key:"key" required:"true" doc:"The key that PBKDF2 with SHA-256 derives from the password, in base64."`
	Salt       Secret `key:"salt" required:"true" verbatim:"true" doc:"The salt, as text."`
	Iterations int    `key:"iterations" default:"100000" min:"1000" max:"10000000" doc:"Iterations of PBKDF2."`
	KeyLen     int    `key:"keylen" default:"32" min:"16" max:"64" doc:"Length of the derived key in bytes."`
}

// SCRAM holds the credentials for wamp-scram that were derived from a password.
type SCRAM struct {
	Salt       Secret `key:"salt" required:"true" doc:"The salt, in base64."`
	KDF        string `key:"kdf" default:"argon2id13" one:"argon2id13 pbkdf2" doc:"Function that derives a key from the password."`
	Iterations int    `key:"iterations" required:"true" min:"1" max:"10000000" doc:"Passes of Argon2id (2 is usual), or iterations of PBKDF2 (at least 4096)."`
	Memory     int    `key:"memory" default:"0" min:"0" max:"262144" doc:"Memory that Argon2id uses, in KiB, for example 19456."`
	StoredKey  Secret `key:"stored_key" required:"true" doc:"StoredKey of RFC 5802, in base64."`
	ServerKey  Secret `key:"server_key" required:"true" doc:"ServerKey of RFC 5802, in base64."`
}

// Dynamic configures the application that knows the other users.
type Dynamic struct {
	Webhook     Text          `key:"webhook" check:"webhook" doc:"URL that is asked with POST. Give this or procedure."`
	Procedure   Text          `key:"procedure" check:"uri" doc:"WAMP procedure that is called. The API key that registers it decides who logs in, and needs the scope decide."`
	Methods     []string      `key:"methods" default:"cryptosign, wamp-scram, wampcra, ticket" one:"cryptosign wamp-scram wampcra ticket" doc:"The methods for which it is asked."`
	Timeout     time.Duration `key:"timeout" default:"5s" min:"10ms" max:"30s" doc:"How long the answer may take. Without an answer the login is refused."`
	Secret      Secret        `key:"secret" doc:"Signs the requests of a webhook (header Tidings-Signature)."`
	Concurrency int           `key:"concurrency" default:"64" min:"1" max:"10000" doc:"Questions that may be open at once; the next one counts as unanswered."`

	Pos Pos
}

// Certificate maps client certificates to users.
type Certificate struct {
	Fingerprint  string   `key:"fingerprint" doc:"sha256: and the hexadecimal SHA-256 of one certificate."`
	Organization string   `key:"organization" doc:"Organization of the subject."`
	Unit         string   `key:"unit" doc:"Organizational unit of the subject."`
	CommonName   string   `key:"common_name" doc:"Common name of the subject; *.example.com stands for one label in front."`
	AuthID       string   `key:"authid" default:"common_name" one:"common_name email dns uri" doc:"Field of the certificate that gives the user id; the first of several values counts."`
	Roles        []string `key:"roles" doc:"Roles; the first is the WAMP authrole."`
	Tenant       string   `key:"tenant" doc:"Tenant."`

	Pos Pos
}

// Cookie configures how browsers log in again.
type Cookie struct {
	TTL      time.Duration `key:"ttl" default:"8h" min:"1m" max:"720h" doc:"How long after the login a browser may log in again. Nothing extends it."`
	Most     int           `key:"most" default:"100000" min:"1" max:"10000000" doc:"Browsers that are remembered; over it the oldest login is forgotten."`
	SameSite string        `key:"same_site" default:"lax" one:"lax strict none" doc:"Attribute SameSite of the cookie. none is for pages of other sites (see origins)."`
	Insecure bool          `key:"insecure" default:"false" doc:"Set the cookie without TLS too. For development only."`
}

// Cryptosign configures the key of the server.
type Cryptosign struct {
	Key Secret `key:"key" required:"true" doc:"Seed of the server's Ed25519 key, 64 hexadecimal digits. The server signs the clients' challenges with it; clients verify with its public key."`
}

// Tickets configures one-time tickets.
type Tickets struct {
	Secrets []Secret      `key:"secret" required:"true" single:"true" doc:"Secret of at least 32 bytes that signs tickets, for example from openssl rand -hex 32. In a list the first secret signs and all verify."`
	TTL     time.Duration `key:"ttl" reload:"restart" default:"5m" min:"1s" max:"24h" doc:"The longest lifetime of a ticket, and the default of tickets that the server issues."`
}

// Anonymous admits clients without credentials.
type Anonymous struct {
	Role string `key:"role" default:"anonymous" check:"name" doc:"Role of anonymous clients."`
}

// APIKey is the key of a backend.
type APIKey struct {
	Name string   `key:"name" required:"true" check:"name" doc:"The name of the backend; it is in logs, and it is the authid of the WAMP sessions."`
	Key  Secret   `key:"key" doc:"The key, at least 16 random characters. Give this or hash."`
	Hash Secret   `key:"hash" doc:"sha256: and the hexadecimal SHA-256 of the key, so that the file contains no secret."`
	May  []string `key:"may" required:"true" one:"publish publish_as subscribe call register force_reregister decide tickets topics sessions reload + *" doc:"Scopes of the key; * means all."`

	// Demo allows a short key (see [Options]).
	Demo bool
	Pos  Pos
}

// Topic is the contract of the topics of a pattern.
type Topic struct {
	Pattern   Text
	Doc       string   `key:"doc" doc:"What is published on the topic, for people."`
	Subscribe Text     `key:"subscribe" doc:"Rule: who may subscribe. Without a rule no client may."`
	Publish   Text     `key:"publish" doc:"Rule: who may publish. Without a rule no client may."`
	Payload   Payload  `key:"payload" doc:"The form of payloads."`
	Sender    bool     `key:"sender" default:"false" doc:"Stamp each event with id and name of its publisher, as the server knows them (_sender in the details of the event)."`
	Handler   *Handler `key:"handler" doc:"Webhook or procedure that decides about each subscription or publication that the rules allow."`
	Keep      *Keep    `key:"keep" short:"last" doc:"How much of the publications of each topic is kept, for clients that come later or come back. A number alone is last."`
	Retain    string   `key:"retain" default:"never" one:"asked never" gone:"always=write keep: {last: 1} instead" doc:"Whether the last publication with the option retain is kept (asked), where there is no keep, for later subscribers that ask with get_retained."`
	Slow      Slow     `key:"slow" short:"policy" doc:"What happens to clients that do not keep up. A policy alone is enough."`
	Every     *Every   `key:"every" short:"interval" doc:"Periodic publication by the server while the topic has subscribers. An interval alone is enough."`
}

// Keep says how much of the publications of each topic of a contract is kept.
type Keep struct {
	Last  int           `key:"last" default:"1000" min:"1" max:"1000000" doc:"The last so many publications of a topic, or rows of a table."`
	For   time.Duration `key:"for" default:"0s" min:"0s" max:"8760h" doc:"At most so long; 0s is without end."`
	Bytes Size          `key:"bytes" default:"0" min:"0" max:"64GiB" doc:"At most so many bytes of a topic; 0 is no limit of its own: limits.kept_bytes holds for all topics together."`
	Per   string        `key:"per" default:"topic" one:"topic key" doc:"key makes the topic a table: of each key (the option _key of a publication) only the last publication is kept."`
}

// Slow says what happens to clients that do not keep up with the topics of a contract.
type Slow struct {
	Policy string `key:"policy" default:"close" one:"close latest gap" doc:"close disconnects a client for which limits.outbox_bytes or limits.outbox_frames is exceeded, and the client resumes. latest sends a client that is behind only the newest event of each topic, or of each key (the option _key). gap sends what fits into limits.outbox_bytes and limits.outbox_frames, and of the rest only the newest event. latest and gap close no client; with _positions the client is told how many events were skipped."`
	Rate   int    `key:"rate" default:"10" min:"1" max:"1000" doc:"With latest: events per second of one topic, or key, to a client that is behind."`
}

// Payload configures the check of payloads.
type Payload struct {
	Schema Text `key:"schema" doc:"File with a JSON Schema."`
}

// Handler configures a webhook or procedure that decides on the requests of a contract.
type Handler struct {
	Webhook     Text          `key:"webhook" check:"webhook" doc:"URL that is asked with POST. Give this or procedure."`
	Procedure   Text          `key:"procedure" check:"uri" doc:"WAMP procedure that is called. The API key that registers it needs the scope decide."`
	On          []string      `key:"on" default:"subscribe, publish" one:"subscribe publish" doc:"Actions for which it is asked."`
	Timeout     time.Duration `key:"timeout" default:"2s" min:"10ms" max:"30s" doc:"How long the answer may take."`
	OnFailure   string        `key:"on_failure" default:"refuse" one:"refuse allow" doc:"What happens without a usable answer."`
	Secret      Secret        `key:"secret" doc:"Signs the requests of a webhook (header Tidings-Signature)."`
	Concurrency int           `key:"concurrency" default:"64" min:"1" max:"10000" doc:"Questions that may be open at once; the next one counts as unanswered."`

	Pos Pos
}

// Authorizer configures the external authorizer.
type Authorizer struct {
	Webhook     Text          `key:"webhook" check:"webhook" doc:"URL that is asked with POST. Give this or procedure."`
	Procedure   Text          `key:"procedure" check:"uri" doc:"WAMP procedure that is called. The API key that registers it decides what is allowed, and needs the scope decide."`
	About       string        `key:"about" default:"undeclared" one:"undeclared everything" doc:"undeclared asks about names without a contract, and about patterns. everything asks also about actions that rules allow."`
	On          []string      `key:"on" default:"subscribe, publish, call, register" one:"subscribe publish call register" doc:"Actions for which it is asked. Other actions on names without a contract are refused."`
	Timeout     time.Duration `key:"timeout" default:"2s" min:"10ms" max:"30s" doc:"How long the answer may take. Without an answer the action is refused."`
	Secret      Secret        `key:"secret" doc:"Signs the requests of a webhook (header Tidings-Signature)."`
	Concurrency int           `key:"concurrency" default:"64" min:"1" max:"10000" doc:"Questions that may be open at once; the next one counts as unanswered."`
	Cache       time.Duration `key:"cache" default:"1m" min:"0s" max:"1h" doc:"The longest time that an answer with the member cache is kept. 0 keeps none."`
	CacheSize   int           `key:"cache_size" default:"10000" min:"1" max:"10000000" doc:"Answers that are kept; over it the answers that were unused for the longest are dropped."`

	Pos Pos
}

// Every is a periodic publication.
type Every struct {
	Interval time.Duration  `key:"interval" required:"true" min:"1s" max:"24h" doc:"Time between two publications."`
	Args     []any          `key:"args" doc:"Arguments of the event."`
	Kwargs   map[string]any `key:"kwargs" doc:"Keyword arguments of the event."`
}

// Procedure is the contract of the procedures of a pattern.
type Procedure struct {
	Pattern  Text
	Doc      string `key:"doc" doc:"What the procedure does, for people."`
	Call     Text   `key:"call" doc:"Rule: who may call. Without a rule no client may."`
	Register Text   `key:"register" doc:"Rule: who may register. Without a rule no client may."`
}

// Meta holds the rules for WAMP's meta API.
type Meta struct {
	Read Text `key:"read" default:"backend" doc:"Rule: who may use the procedures and topics below wamp.session, wamp.subscription and wamp.registration that tell about other sessions. An API key also needs the scope sessions for the first, topics for the others."`
	Kill Text `key:"kill" default:"backend" doc:"Rule: who may end other sessions, and take subscriptions and registrations away from them. An API key also needs the scope sessions."`
}

// Trust is the level of a role.
type Trust struct {
	Role  Text
	Level int `key:"level" required:"true" min:"0" max:"1000000" doc:"Trust level of the role."`
}

// Metrics configures /metrics.
type Metrics struct {
	KeyRequired bool `key:"key_required" default:"false" doc:"Require an API key."`
}

// Log configures the log.
type Log struct {
	Format string `key:"format" reload:"restart" default:"auto" one:"auto text json" doc:"auto is text on a terminal and json elsewhere."`
	Level  string `key:"level" default:"info" one:"debug info warn error" doc:"The lowest level that is logged."`

	Refusals     int `key:"refusals" default:"100" min:"0" max:"100000" doc:"Requests refused by contracts, scopes, handlers or the authorizer that are logged at the level info, in ten seconds, of all clients together. The log says how many were left out; the level debug has those, too."`
	RefusalsEach int `key:"refusals_each" default:"10" min:"0" max:"100000" doc:"As refusals, of one session, or of one API key over HTTP."`

	BufferBytes Size `key:"buffer_bytes" reload:"restart" default:"1MiB" min:"64KiB" max:"256MiB" doc:"Lines of the log that may wait to be written, when standard error is read slowly; further lines are dropped and counted."`
}
