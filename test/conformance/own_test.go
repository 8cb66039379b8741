package conformance_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/tidings-io/tidings/client"
)

// ownClient is this project's Go client. It sends and receives every value of a serialization, including those that
// JavaScript cannot represent.
type ownClient struct {
	serialization client.Serialization
	received      chan payload

	client        *client.Client
	subscriptions map[string]*client.Subscription
	registrations map[string]*client.Registration
}

func newOwn(serialization client.Serialization) *ownClient {
	return &ownClient{
		serialization: serialization,
		received:      make(chan payload, manyEvents),
		subscriptions: make(map[string]*client.Subscription),
		registrations: make(map[string]*client.Registration),
	}
}

func (o *ownClient) connect(ctx context.Context, l login) (session, error) {
	c, err := client.Connect(ctx, client.Config{
		URL: "http://" + l.address, Realm: realm, AuthID: l.user, Serialization: o.serialization,
		Auth: client.Ticket(func(context.Context) (string, error) { return l.ticket, nil }),
	})
	if err != nil {
		return session{}, reported(err)
	}
	o.client = c
	s := c.Session()
	return session{AuthID: s.AuthID, AuthRole: s.AuthRole}, nil
}

func (o *ownClient) subscribe(ctx context.Context, topic, match string) error {
	handler := func(e *client.Event) { o.received <- neutral(e.Payload) }
	s, err := o.client.Subscribe(ctx, topic, handler, &client.SubscribeOptions{Match: client.Match(match)})
	o.subscriptions[topic] = s
	return reported(err)
}

func (o *ownClient) unsubscribe(ctx context.Context, topic string) error {
	return reported(o.subscriptions[topic].Unsubscribe(ctx))
}

func (o *ownClient) publish(ctx context.Context, topic string, p payload) error {
	_, err := o.client.Publish(ctx, topic, native(p), nil)
	return reported(err)
}

func (o *ownClient) publishToAll(ctx context.Context, topic string, p payload) error {
	_, err := o.client.Publish(ctx, topic, native(p), &client.PublishOptions{IncludeMe: true})
	return reported(err)
}

func (o *ownClient) register(ctx context.Context, procedure string) error {
	echo := func(_ context.Context, call *client.Invocation) (client.Payload, error) {
		if uri, fail := call.Kwargs["fail"].(string); fail {
			return client.Payload{}, &client.Error{URI: uri, Payload: client.Payload{Args: call.Args}}
		}
		return call.Payload, nil
	}
	r, err := o.client.Register(ctx, procedure, echo, nil)
	o.registrations[procedure] = r
	return reported(err)
}

func (o *ownClient) unregister(ctx context.Context, procedure string) error {
	return reported(o.registrations[procedure].Unregister(ctx))
}

func (o *ownClient) call(ctx context.Context, procedure string, p payload) (payload, error) {
	result, err := o.client.Call(ctx, procedure, native(p), nil)
	return neutral(result), reported(err)
}

func (o *ownClient) close(context.Context) error {
	err := o.client.Close()
	<-o.client.Done()
	return err
}

func (o *ownClient) events() <-chan payload { return o.received }

// reported converts an error to the form that all drivers share.
func reported(err error) error {
	var answer *client.Error
	if !errors.As(err, &answer) {
		return err
	}
	args, _ := toNeutral(answer.Args).([]any) // nil without arguments
	return &failure{URI: answer.URI, Message: answer.Message, Args: args}
}

func neutral(p client.Payload) payload {
	args, _ := toNeutral(p.Args).([]any) // nil without arguments
	kwargs, _ := toNeutral(p.Kwargs).(map[string]any)
	return payload{Args: args, Kwargs: kwargs}
}

func native(p payload) client.Payload {
	args, _ := fromNeutral(p.Args).([]any) // nil without arguments
	kwargs, _ := fromNeutral(p.Kwargs).(map[string]any)
	return client.Payload{Args: args, Kwargs: kwargs}
}

// maxExact is the largest integer up to which JavaScript numbers are exact.
const maxExact = 1<<53 - 1

func toNeutral(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"$binary": base64.StdEncoding.EncodeToString(v)}
	case int64:
		if v < -maxExact || v > maxExact {
			return map[string]any{"$integer": strconv.FormatInt(v, 10)}
		}
		return float64(v) // as encoding/json has it
	case uint64:
		return map[string]any{"$integer": strconv.FormatUint(v, 10)}
	case []any:
		return mapList(v, toNeutral)
	case map[string]any:
		return mapDict(v, toNeutral)
	}
	return v
}

func fromNeutral(v any) any {
	switch v := v.(type) {
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
		return v
	case []any:
		return mapList(v, fromNeutral)
	case map[string]any:
		if text, ok := v["$binary"].(string); ok {
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return fmt.Sprintf("bad test value: %v", err)
			}
			return b
		}
		if text, ok := v["$integer"].(string); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n
			}
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return fmt.Sprintf("bad test value: %v", err)
			}
			return n
		}
		return mapDict(v, fromNeutral)
	}
	return v
}

func mapList(list []any, each func(any) any) []any {
	mapped := make([]any, len(list))
	for i, v := range list {
		mapped[i] = each(v)
	}
	return mapped
}

func mapDict(dict map[string]any, each func(any) any) map[string]any {
	mapped := make(map[string]any, len(dict))
	for k, v := range dict {
		mapped[k] = each(v)
	}
	return mapped
}
