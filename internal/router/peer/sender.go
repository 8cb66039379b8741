package peer

import "github.com/tidings-io/tidings/internal/wamp"

// maxSenderBytes bounds the id and the name of a sender that a backend gives. A ticket has the same bound.
const maxSenderBytes = 256

// Stamp returns what the events of a publication tell of its sender. A user and an API key may have the same id, so
// that of an API key is marked.
func (i *Identity) Stamp() wamp.Dict {
	stamp := wamp.Dict{"id": i.ID, "name": i.Name}
	if i.Backend {
		stamp["backend"] = true
	}
	return stamp
}

// NewSender returns the user that a backend names as the sender of a publication. field is the name of the option, for
// the error. Without a name, the name is the id.
func NewSender(field, id, name string) (*Identity, error) {
	if name == "" {
		name = id
	}
	for part, text := range map[string]string{"id": id, "name": name} {
		if text == "" || len(text) > maxSenderBytes {
			return nil, wamp.Fail(wamp.ErrInvalidArgument, "%s.%s must be a text of 1 to %d bytes", field, part, maxSenderBytes)
		}
	}
	return &Identity{ID: id, Name: name}, nil
}

// Sender returns the sender that the events of an allowed publication name: as, or the publisher, or none (nil) if the
// contract of the topic does not have them stamped. Naming a sender that no event would tell is refused.
func (d *Decision) Sender(publisher, as *Identity) (*Identity, error) {
	switch {
	case !d.Stamped && as != nil:
		return nil, wamp.Fail(wamp.ErrInvalidArgument, "a sender is named, but events of this topic have none: its contract needs sender: true")
	case !d.Stamped:
		return nil, nil
	case as != nil:
		return as, nil
	}
	return publisher, nil
}

// ParseSender reads the option of a PUBLISH by which a backend names a user as the sender; nil if the option is absent.
func ParseSender(options wamp.Dict) (*Identity, error) {
	v := options["_as"]
	if v == nil {
		return nil, nil
	}
	named, isDict := v.(wamp.Dict)
	if !isDict {
		return nil, wamp.Fail(wamp.ErrInvalidArgument, "PUBLISH.Options._as must be a dict with id and name")
	}
	id, _ := named.String("id")
	name, _ := named.String("name")
	return NewSender("PUBLISH.Options._as", id, name)
}
