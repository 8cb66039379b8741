package routing

// builtIn are the routes of OroPlatform, the same from 4.2 on. The server has their contracts.
var builtIn = []struct {
	name, pattern string
	kind          kind
}{
	{"oro_sync.ping", "oro/ping", ping},
	{"oro_sync.data_update", "oro/data/update", broadcast},
	{"oro_sync.maintenance", "oro/maintenance", broadcast},
	{"oro_email.event", `oro/email_event/{user_id:\d+}/{organization_id:\d+|\*}`, secured},
	{"oro_entity_config.attribute_import", `oro/attribute_import/{user_id:\d+}/{config_model_id:\d+}`, secured},
	{"oro_imap.sync_fail", `oro/imap_sync_fail/{user_id:\d+|\*}`, syncFail},
	{"oro_message_queue.message_queue_heartbeat", "oro/message_queue_heartbeat", broadcast},
	{"oro_reminder.remind", `oro/reminder_remind/{user_id:\d+}`, secured},
	{"oro_user.outdated_user_page", "oro/outdated_user_page", broadcast},
}

// isBuiltIn reports whether the server has the contract of a route. A route with another handler, or with a handler of
// another class, is the application's own.
func (p *importer) isBuiltIn(of *route, made *pattern) bool {
	for _, b := range builtIn {
		if b.name != of.name || b.name != of.handler.Value || b.pattern != made.text {
			continue
		}
		for _, chosen := range p.chosen {
			if chosen[b.name] {
				return false
			}
		}
		handler := p.services.handlers[b.name]
		return handler == nil || classes[handler.class] == b.kind
	}
	return false
}
