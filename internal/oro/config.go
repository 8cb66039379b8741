package oro

import (
	"net/netip"
	"time"

	"github.com/tidings-io/tidings/internal/config"
)

// Config is the section of the configuration.
type Config struct {
	Oro *Options `key:"oro" reload:"restart" doc:"Serve the pages and backends of an OroPlatform application. What is left out is read from Oro's own settings: the environment (ORO_SECRET, ORO_DB_URL or ORO_DB_DSN, ORO_WEBSOCKET_SERVER_DSN), or the file parameters."`

	settings Settings // set by Preset
}

// Options are the keys below oro.
type Options struct {
	Secret         config.Secret  `key:"secret" verbatim:"true" doc:"Oro's secret, which its tickets are made with. Without it: ORO_SECRET, or secret in the file parameters."`
	Parameters     config.Text    `key:"parameters" doc:"The file parameters.yml of Oro 4.2 and 5.0, for secret, database_* and websocket_bind_*."`
	Users          UserOptions    `key:"users" doc:"Where users are found."`
	Backends       []netip.Prefix `key:"backends" doc:"Addresses that backends may connect from. Without it: from everywhere."`
	Logins         LoginOptions   `key:"logins" doc:"How tickets are checked. A check costs some 2 ms of a processor."`
	ApplicationURL config.Text    `key:"application_url" doc:"The address of the application. Pages of its host may connect, at every scheme and port. Without it: oro_ui.application_url in the database."`

	CheckOrganizations bool          `key:"check_organizations" default:"false" doc:"A user hears topics of an organization only as a member of it (oro_user_organization). Oro does not check that."`
	MaintenanceFor     time.Duration `key:"maintenance_for" default:"15m" min:"0s" max:"24h" doc:"How long the last oro/maintenance is sent to pages that subscribe later. 0s: not at all."`
	MissedFor          time.Duration `key:"missed_for" default:"10m" min:"0s" max:"1h" doc:"How long the tags of oro/data/update are remembered for pages whose connection was lost. 0s: not at all."`
	DataUpdate         DataUpdate    `key:"data_update" doc:"What pages are told of changed data."`

	Pos config.Pos
}

// UserOptions say where users are found.
type UserOptions struct {
	Database config.Secret `key:"database" verbatim:"true" doc:"URL of the application's database: postgres://, pgsql://, mysql:// or mariadb:// with user, password, host and name. It is only read. Without it: ORO_DB_URL, ORO_DB_DSN, or database_* in the file parameters."`
	Webhook  config.Text   `key:"webhook" check:"webhook" doc:"URL that is asked with POST in place of a database."`
	Sign     config.Secret `key:"secret" doc:"Signs the requests of the webhook (header Tidings-Signature)."`
	Cache    time.Duration `key:"cache" default:"5s" min:"0s" max:"5m" doc:"How long a user that was found is known. A changed password counts after that time."`
	Timeout  time.Duration `key:"timeout" default:"5s" min:"50ms" max:"10s" doc:"How long the database or the webhook may take. Pages wait for it; backends have no user to be found."`

	Concurrency int `key:"concurrency" default:"16" min:"1" max:"1000" doc:"How many users may be asked for at once. It is also the largest number of connections to the database. Others wait within the timeout."`
}

// LoginOptions limit the checks of tickets. The zero value has the defaults.
type LoginOptions struct {
	AtOnce         int           `key:"at_once" default:"0" min:"0" max:"1024" doc:"Processors that check tickets at a time; 0 means all of them. Other logins wait for their turn: backends first, then users from addresses where they have logged in before."`
	Queue          int           `key:"queue" default:"8192" min:"1" max:"1000000" doc:"Pages that may wait for their turn, and as many of users from known addresses. Others are refused with status 503, and come back."`
	Wait           time.Duration `key:"wait" default:"8s" min:"100ms" max:"5m" doc:"How long a page may wait for its turn. websocket.hello bounds it as well."`
	BackendQueue   int           `key:"backend_queue" default:"400" min:"1" max:"1000000" doc:"Backends that may wait for their turn, and as many from known addresses."`
	BackendWait    time.Duration `key:"backend_wait" default:"900ms" min:"50ms" max:"1m" doc:"How long a backend may wait for its turn. Oro's client gives up after one second."`
	BackendTickets int           `key:"backend_tickets" default:"65536" min:"1" max:"10000000" doc:"Tickets of backends that are remembered for 5 minutes each, with the address that used them first. Without room the oldest is forgotten, and is good at every address until it is outdated."`
}

// DataUpdate says what pages are told of changed data.
type DataUpdate struct {
	Rule   config.Text   `key:"rule" doc:"Rule: which sessions are told of a tag. It sees params.tag, params.class and identity. Without it all are told of all tags, as by Oro's own server."`
	Gather time.Duration `key:"gather" default:"100ms" min:"0s" max:"5s" doc:"Changes within this time become one event."`
}
