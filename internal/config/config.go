package config

import (
	"net/netip"
	"time"
)

// Config is everything that can be configured. The tags are the whole schema: the key, the
// default as it would be written in the file, what values are taken, and the documentation.
// [Reference] is made of them.
type Config struct {
	Listen         string         `key:"listen" default:":8080" check:"address" doc:"Address and port of the one listener: WebSocket, HTTP API, pages. Port 0 takes a free one."`
	Realm          string         `key:"realm" default:"app" check:"uri" doc:"The WAMP realm that clients join."`
	Data           string         `key:"data" doc:"Folder for what must survive a restart (spent tickets, maintenance). Without it everything is in memory."`
	Origins        []Text         `key:"origins" doc:"Foreign web origins whose pages may connect, for example https://erp.example.com or https://*.example.com. Pages of the server's own origin always may."`
	TrustedProxies []netip.Prefix `key:"trusted_proxies" doc:"Addresses of reverse proxies whose X-Forwarded-* headers are believed, for example 10.0.0.0/8."`
	TLS            *TLS           `key:"tls" doc:"Serve HTTPS and wss instead of plain HTTP."`
	Limits         Limits         `key:"limits" doc:"What one client, and all together, may hold and cause."`
	WebSocket      WebSocket      `key:"websocket" doc:"Compression and patience of connections."`
	RawSocket      []RawSocket    `key:"rawsocket" doc:"Listeners for WAMP RawSocket, beside that of WebSocket: for backends and devices."`
	LongPoll       bool           `key:"longpoll" default:"false" doc:"Offer WAMP over HTTP long-poll at /longpoll, for clients that can do nothing else."`
	URIs           string         `key:"uris" default:"loose" one:"loose strict" doc:"Which URIs clients may use: loose takes anything without spaces and #, strict only lower-case letters, digits, _ and dots."`
	Protocol       string         `key:"protocol" default:"lenient" one:"lenient strict" doc:"How closely WAMP clients are held to the text of the specification: lenient takes what clients in use do, strict ends or refuses it (request ids out of sequence, callees that do what they did not announce)."`
	Auth           Auth           `key:"auth" doc:"Who may connect. Without anything here only API keys can."`
	APIKeys        []APIKey       `key:"api_keys" doc:"Keys of backends, for the HTTP API and for WAMP sessions."`
	Topics         []Topic        `key:"topics" map:"Pattern" doc:"The contracts of topics, by pattern."`
	Procedures     []Procedure    `key:"procedures" map:"Pattern" doc:"The contracts of procedures, by pattern."`
	Content        []Content      `key:"content" map:"Pattern" doc:"Which content can be watched, by pattern of the tag."`
	ContentPublish Text           `key:"content_publish" default:"backend" doc:"Rule: who may say that content changed by publishing to tidings.changed."`
	Presence       []Presence     `key:"presence" map:"Pattern" doc:"The records whose viewers and editors are known, by pattern of the record."`
	Maintenance    Maintenance    `key:"maintenance" doc:"Maintenance of the site."`
	Meta           Meta           `key:"meta" doc:"WAMP's meta API: what the router tells of the sessions, subscriptions and registrations of others."`
	Authorizer     *Authorizer    `key:"authorizer" doc:"Somebody who decides where no contract does, or in addition to contracts."`
	Trust          []Trust        `key:"trust" map:"Role" short:"level" doc:"Levels of trust in roles. If there are any, events and calls carry the highest level of their publisher's and caller's roles; others have 0."`
	Undeclared     string         `key:"undeclared" default:"refuse" one:"refuse allow" doc:"What happens to topics and procedures without a contract. allow is for trying things out: everybody may do everything with them."`
	Metrics        Metrics        `key:"metrics" doc:"The page /metrics."`
	Log            Log            `key:"log" doc:"What the server says about itself."`

	directory string
	positions map[string]Pos
	source    *source
}

// TLS names the files of a certificate.
type TLS struct {
	Cert Text `key:"cert" required:"true" doc:"File with the certificate chain, PEM."`
	Key  Text `key:"key" required:"true" doc:"File with the private key, PEM."`

	ClientCA   Text   `key:"client_ca" doc:"File with the authorities whose client certificates are accepted, PEM. Who their owners are is said in auth.certificates."`
	ClientAuth string `key:"client_auth" default:"optional" one:"optional required" doc:"Whether a client must have a certificate. It matters with client_ca only."`
}

// Limits bounds clients and requests.
type Limits struct {
	Connections   int           `key:"connections" default:"100000" min:"1" max:"10000000" doc:"Connections that are open at once; the next is answered with status 503."`
	MessageBytes  Size          `key:"message_bytes" default:"1MiB" min:"1KiB" max:"64MiB" doc:"Size of one WebSocket message, after decompression."`
	BodyBytes     Size          `key:"body_bytes" default:"1MiB" min:"1KiB" max:"64MiB" doc:"Size of one HTTP request's body."`
	MessageRate   int           `key:"message_rate" default:"500" min:"1" max:"1000000" doc:"Messages a second that are read from one client in the long run; over it the client waits."`
	MessageBurst  int           `key:"message_burst" default:"2000" min:"1" max:"1000000" doc:"Messages that are read from one client at once."`
	Kill          time.Duration `key:"kill" default:"10s" min:"10ms" max:"10m" doc:"How long a callee that is to give up a call (CANCEL with the mode kill) may take to answer."`
	Subscriptions int           `key:"subscriptions" default:"1000" min:"1" max:"1000000" doc:"Subscriptions of one session."`
	Registrations int           `key:"registrations" default:"1000" min:"1" max:"1000000" doc:"Registrations of one session."`
	PendingCalls  int           `key:"pending_calls" default:"1000" min:"1" max:"1000000" doc:"Calls of one session that wait for their result."`
	KeyFailures   int           `key:"key_failures" default:"30" min:"1" max:"100000" doc:"HTTP requests with a wrong API key that one address may make in a minute. The next get status 429 whatever their key is, unless that key was accepted from the same address before."`
	KeptTopics    int           `key:"kept_topics" default:"10000" min:"1" max:"10000000" doc:"Topics with a retained event or a history; the one that was silent for the longest makes room."`
	KeptBytes     Size          `key:"kept_bytes" default:"64MiB" min:"64KiB" max:"64GiB" doc:"Memory for retained events and histories."`
	OutboxBytes   Size          `key:"outbox_bytes" default:"4MiB" min:"64KiB" max:"1GiB" doc:"What may wait to be written to one client before it is dropped as slow."`
	OutboxFrames  int           `key:"outbox_frames" default:"10000" min:"16" max:"10000000" doc:"Messages that may wait to be written to one client before it is dropped as slow."`
}

// WebSocket is about connections.
type WebSocket struct {
	Compression bool          `key:"compression" default:"true" doc:"Accept permessage-deflate when a client offers it."`
	Hello       time.Duration `key:"hello" default:"10s" min:"1s" max:"5m" doc:"How long a client may take from connecting to joining."`
	Message     time.Duration `key:"message" default:"1m" min:"1s" max:"1h" doc:"How long one message may take from its first byte to its last."`
	Ping        time.Duration `key:"ping" default:"25s" min:"1s" max:"1h" doc:"How long a connection may be silent before it is pinged."`
	Pong        time.Duration `key:"pong" default:"20s" min:"1s" max:"1h" doc:"How long the answer to a ping may take."`
	Write       time.Duration `key:"write" default:"10s" min:"1s" max:"5m" doc:"How long a client may take to accept the next 64 KiB."`
	Close       time.Duration `key:"close" default:"5s" min:"1s" max:"1m" doc:"How long the closing handshake may take."`
	Drain       time.Duration `key:"drain" default:"10s" min:"0s" max:"5m" doc:"How long a stopping server waits for its clients to leave."`
	IOUring     bool          `key:"io_uring" default:"true" doc:"Write to many connections with one system call, where the system offers io_uring (Linux 5.17 and newer; some containers forbid it)."`
}

// RawSocket is a listener for WAMP RawSocket.
type RawSocket struct {
	Listen Text `key:"listen" required:"true" check:"stream" doc:"tcp://host:port, tls://host:port (with the certificate under tls) or unix:///path. Who may use a Unix socket is decided by the folder that it is in."`
	Ping   bool `key:"ping" default:"false" doc:"Ping silent clients, and drop those that do not answer. Some clients do not know pings and break."`
}

// Auth is about who may connect.
type Auth struct {
	Tickets      *Tickets      `key:"tickets" doc:"One-time tickets that the application issues to its users."`
	Users        []User        `key:"users" doc:"Users whom the server itself knows. The command tidings user makes the entries."`
	Cryptosign   *Cryptosign   `key:"cryptosign" doc:"How the server proves itself to clients that authenticate with a key pair."`
	Dynamic      *Dynamic      `key:"dynamic" doc:"Who is asked about users whom the configuration does not have."`
	Certificates []Certificate `key:"certificates" doc:"Who the owners of client certificates are: the first entry that holds decides, for the method tls. Needs tls.client_ca."`
	Cookie       *Cookie       `key:"cookie" doc:"Let browsers come back as whom they logged in before, by the method cookie. Leave it out to set no cookies."`
	Anonymous    *Anonymous    `key:"anonymous" doc:"Admit clients that prove nothing. Leave it out to require authentication."`
}

// User is somebody whom the server itself knows.
type User struct {
	AuthID     string   `key:"authid" required:"true" check:"name" doc:"The user id; what identity.id is in rules and what the client says in HELLO."`
	Name       string   `key:"name" doc:"Display name; without it the authid."`
	Roles      []string `key:"roles" doc:"Roles; the first is the WAMP authrole."`
	Tenant     string   `key:"tenant" doc:"Tenant."`
	Password   Secret   `key:"password" doc:"Argon2id hash of the password, for clients that send it by the method ticket."`
	CRA        *CRA     `key:"wampcra" doc:"For the method wampcra. Whoever reads the key can log in with it."`
	SCRAM      *SCRAM   `key:"scram" doc:"For the method wamp-scram."`
	Cryptosign []string `key:"cryptosign" doc:"Ed25519 public keys in hexadecimal, any of which may log in by the method cryptosign."`

	Pos Pos
}

// CRA is a key for wampcra that was derived from a password.
type CRA struct {
	Key        Secret `key:"key" required:"true" doc:"Base64 text of what PBKDF2 with SHA-256 makes of the password."`
	Salt       Secret `key:"salt" required:"true" doc:"The salt, as text."`
	Iterations int    `key:"iterations" default:"100000" min:"1000" max:"10000000" doc:"Iterations of PBKDF2."`
	KeyLen     int    `key:"keylen" default:"32" min:"16" max:"64" doc:"Bytes that it makes."`
}

// SCRAM is what a password leaves for wamp-scram.
type SCRAM struct {
	Salt       Secret `key:"salt" required:"true" doc:"The salt, in base64."`
	KDF        string `key:"kdf" default:"argon2id13" one:"argon2id13 pbkdf2" doc:"What makes a key of the password."`
	Iterations int    `key:"iterations" required:"true" min:"1" max:"10000000" doc:"Passes of Argon2id (2 is usual), or iterations of PBKDF2 (at least 4096)."`
	Memory     int    `key:"memory" default:"0" min:"0" max:"262144" doc:"KiB of memory that Argon2id takes, for example 19456."`
	StoredKey  Secret `key:"stored_key" required:"true" doc:"StoredKey of RFC 5802, in base64."`
	ServerKey  Secret `key:"server_key" required:"true" doc:"ServerKey of RFC 5802, in base64."`
}

// Dynamic is who knows the users whom the configuration does not have.
type Dynamic struct {
	Webhook     Text          `key:"webhook" check:"webhook" doc:"URL that is asked with POST. Give this or procedure."`
	Procedure   Text          `key:"procedure" check:"uri" doc:"WAMP procedure that is called. Who may register it decides who logs in."`
	Methods     []string      `key:"methods" default:"cryptosign, wamp-scram, wampcra, ticket" one:"cryptosign wamp-scram wampcra ticket" doc:"The methods that it is asked about."`
	Timeout     time.Duration `key:"timeout" default:"5s" min:"10ms" max:"30s" doc:"How long the answer may take. Without one nobody is let in."`
	Secret      Secret        `key:"secret" doc:"Signs the requests of a webhook (header Tidings-Signature)."`
	Concurrency int           `key:"concurrency" default:"64" min:"1" max:"10000" doc:"Questions that may be open at once; the next counts as without an answer."`

	Pos Pos
}

// Certificate says who the owners of some client certificates are.
type Certificate struct {
	Fingerprint  string   `key:"fingerprint" doc:"sha256: and the hexadecimal SHA-256 of the one certificate."`
	Organization string   `key:"organization" doc:"Organization of the subject."`
	Unit         string   `key:"unit" doc:"Organizational unit of the subject."`
	CommonName   string   `key:"common_name" doc:"Common name of the subject; *.example.com stands for one label in front."`
	AuthID       string   `key:"authid" default:"common_name" one:"common_name email dns uri" doc:"Where the user id is taken from; the first of several."`
	Roles        []string `key:"roles" doc:"Roles; the first is the WAMP authrole."`
	Tenant       string   `key:"tenant" doc:"Tenant."`

	Pos Pos
}

// Cookie is about browsers that come back.
type Cookie struct {
	TTL      time.Duration `key:"ttl" default:"8h" min:"1m" max:"720h" doc:"How long after its login a browser may come back. Nothing extends it."`
	Most     int           `key:"most" default:"100000" min:"1" max:"10000000" doc:"Browsers that are remembered; over it the one that logged in first is forgotten."`
	SameSite string        `key:"same_site" default:"lax" one:"lax strict none" doc:"Attribute SameSite. none is for pages of other sites (see origins)."`
	Insecure bool          `key:"insecure" default:"false" doc:"Set the cookie without TLS, too. For development only."`
}

// Cryptosign is about the server's own key.
type Cryptosign struct {
	Key Secret `key:"key" required:"true" doc:"Seed of the server's Ed25519 key, 64 hexadecimal digits. It signs the challenges that clients send, so that they know the server by its public key."`
}

// Tickets configures one-time tickets.
type Tickets struct {
	Secrets []Secret      `key:"secret" required:"true" single:"true" doc:"Secret of at least 32 bytes that signs tickets, for example from openssl rand -hex 32. A list takes several: the first signs, all verify."`
	TTL     time.Duration `key:"ttl" default:"5m" min:"1s" max:"24h" doc:"The longest life of a ticket, and the usual one."`
}

// Anonymous admits clients that prove nothing.
type Anonymous struct {
	Role string `key:"role" default:"anonymous" check:"name" doc:"Their role."`
}

// APIKey is the key of a backend.
type APIKey struct {
	Name string   `key:"name" required:"true" check:"name" doc:"Who it is; stands in logs and is the authid of the key's WAMP sessions."`
	Key  Secret   `key:"key" doc:"The key itself, at least 16 random characters. Give this or hash."`
	Hash Secret   `key:"hash" doc:"sha256: and the hexadecimal SHA-256 of the key, so that the file holds no secret."`
	May  []string `key:"may" required:"true" one:"publish call tickets topics sessions content presence maintenance *" doc:"Its scopes; * is all of them."`

	// Demo says that the key may be short, because everybody knows it anyway (see [Options]).
	Demo bool
	Pos  Pos
}

// Topic is the contract of the topics of a pattern.
type Topic struct {
	Pattern   Text
	Doc       string   `key:"doc" doc:"What is published there, for people."`
	Subscribe Text     `key:"subscribe" doc:"Rule: who may subscribe. Without it nobody."`
	Publish   Text     `key:"publish" doc:"Rule: who may publish. Without it nobody."`
	Payload   Payload  `key:"payload" doc:"What a payload looks like."`
	Handler   *Handler `key:"handler" doc:"Somebody who is asked about every subscription or publication that the rules allow."`
	Retain    string   `key:"retain" default:"asked" one:"asked never always" doc:"Which publications are kept for who subscribes later and asks for the last one: those whose publisher asks for it, none, or all."`
	History   int      `key:"history" default:"0" min:"0" max:"1000" doc:"How many publications of each topic are kept in memory for wamp.subscription.get_events."`
	Every     *Every   `key:"every" short:"interval" doc:"Publish by the server itself while somebody listens. Just an interval is enough."`
}

// Payload describes payloads.
type Payload struct {
	Schema Text `key:"schema" doc:"File with a JSON Schema."`
}

// Handler is who is asked.
type Handler struct {
	Webhook     Text          `key:"webhook" check:"webhook" doc:"URL that is asked with POST. Give this or procedure."`
	Procedure   Text          `key:"procedure" check:"uri" doc:"WAMP procedure that is called."`
	On          []string      `key:"on" default:"subscribe, publish" one:"subscribe publish" doc:"What it is asked about."`
	Timeout     time.Duration `key:"timeout" default:"2s" min:"10ms" max:"30s" doc:"How long the answer may take."`
	OnFailure   string        `key:"on_failure" default:"refuse" one:"refuse allow" doc:"What happens without a usable answer."`
	Secret      Secret        `key:"secret" doc:"Signs the requests of a webhook (header Tidings-Signature)."`
	Concurrency int           `key:"concurrency" default:"64" min:"1" max:"10000" doc:"Questions that may be open at once; the next counts as without an answer."`

	Pos Pos
}

// Authorizer is who decides where no contract does, or in addition to contracts.
type Authorizer struct {
	Webhook     Text          `key:"webhook" check:"webhook" doc:"URL that is asked with POST. Give this or procedure."`
	Procedure   Text          `key:"procedure" check:"uri" doc:"WAMP procedure that is called. Who may register it decides what is allowed."`
	About       string        `key:"about" default:"undeclared" one:"undeclared everything" doc:"undeclared asks about what has no contract, and about patterns. everything asks about what rules allow as well."`
	On          []string      `key:"on" default:"subscribe, publish, call, register" one:"subscribe publish call register" doc:"The actions that it is asked about. Where it is not asked, what has no contract is refused."`
	Timeout     time.Duration `key:"timeout" default:"2s" min:"10ms" max:"30s" doc:"How long the answer may take. Without one the action is refused."`
	Secret      Secret        `key:"secret" doc:"Signs the requests of a webhook (header Tidings-Signature)."`
	Concurrency int           `key:"concurrency" default:"64" min:"1" max:"10000" doc:"Questions that may be open at once; the next counts as without an answer."`
	Cache       time.Duration `key:"cache" default:"1m" min:"0s" max:"1h" doc:"The longest time that an answer is kept which says cache. 0 keeps none."`
	CacheSize   int           `key:"cache_size" default:"10000" min:"1" max:"10000000" doc:"Answers that are kept; over it old ones make place."`

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
	Doc      string `key:"doc" doc:"What it does, for people."`
	Call     Text   `key:"call" doc:"Rule: who may call. Without it nobody."`
	Register Text   `key:"register" doc:"Rule: who may register. Without it nobody."`
}

// Content is the contract of the tags of a pattern.
type Content struct {
	Pattern Text
	Doc     string `key:"doc" doc:"What the content is, for people."`
	Watch   Text   `key:"watch" doc:"Rule: who may watch. Without it nobody."`
}

// Presence is the contract of the records of a pattern.
type Presence struct {
	Pattern Text
	Doc     string `key:"doc" doc:"What the record is, for people."`
	Enter   Text   `key:"enter" doc:"Rule: who may be present. Without it nobody."`
	See     Text   `key:"see" doc:"Rule: who may see who is present. Without it nobody."`
}

// Maintenance is about maintenance of the site.
type Maintenance struct {
	OperatorRoles []string `key:"operator_roles" doc:"Roles whose pages stay usable during maintenance."`
}

// Meta says who may use WAMP's meta API.
type Meta struct {
	Read Text `key:"read" default:"backend" doc:"Rule: who may ask for, and subscribe to, what others do: the procedures and topics below wamp.session, wamp.subscription and wamp.registration."`
	Kill Text `key:"kill" default:"backend" doc:"Rule: who may end sessions of others, and take subscriptions and registrations away from them. An API key needs the scope sessions, too."`
}

// Trust is the level of a role.
type Trust struct {
	Role  Text
	Level int `key:"level" required:"true" min:"0" max:"1000000" doc:"The level."`
}

// Metrics is about /metrics.
type Metrics struct {
	KeyRequired bool `key:"key_required" default:"false" doc:"Ask for an API key."`
}

// Log is about what the server says.
type Log struct {
	Format string `key:"format" default:"auto" one:"auto text json" doc:"auto is text on a terminal and json elsewhere."`
	Level  string `key:"level" default:"info" one:"debug info warn error" doc:"The least important messages that are written."`
}
