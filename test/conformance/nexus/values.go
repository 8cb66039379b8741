package main

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/gammazero/nexus/v3/wamp"
)

// maxExact is the largest integer below which a number of JSON is exact in every client.
const maxExact = 1<<53 - 1

func payload(args wamp.List, kwargs wamp.Dict) map[string]any {
	return map[string]any{"args": toNeutral([]any(args)), "kwargs": toNeutral(map[string]any(kwargs))}
}

// args returns nil for no arguments, as programs pass them. The client then sends null.
func (p *peer) args(args []any) wamp.List {
	if len(args) == 0 {
		return nil
	}
	return p.fromNeutral(args).([]any)
}

func (p *peer) kwargs(kwargs map[string]any) wamp.Dict {
	dict, _ := p.fromNeutral(kwargs).(map[string]any) // none are none
	return dict
}

// toNeutral gives a value the form of ../peers/values.mjs.
func toNeutral(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"$binary": base64.StdEncoding.EncodeToString(v)}
	case string:
		if binary, ok := strings.CutPrefix(v, "\x00"); ok { // binary in JSON
			return map[string]any{"$binary": binary}
		}
	case int64:
		if v < -maxExact || v > maxExact {
			return map[string]any{"$integer": strconv.FormatInt(v, 10)}
		}
	case uint64:
		if v > maxExact {
			return map[string]any{"$integer": strconv.FormatUint(v, 10)}
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = toNeutral(item)
		}
		return list
	case map[string]any:
		dict := make(map[string]any, len(v))
		for key, item := range v {
			dict[key] = toNeutral(item)
		}
		return dict
	}
	return v
}

func (p *peer) fromNeutral(v any) any {
	switch v := v.(type) {
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = p.fromNeutral(item)
		}
		return list
	case map[string]any:
		if text, ok := v["$binary"].(string); ok {
			return p.binary(text)
		}
		if text, ok := v["$integer"].(string); ok {
			return integer(text)
		}
		dict := make(map[string]any, len(v))
		for key, item := range v {
			dict[key] = p.fromNeutral(item)
		}
		return dict
	}
	return v
}

func (p *peer) binary(text string) any {
	b, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return "bad test value: " + err.Error()
	case p.serialization == "json": // the client does not convert by itself
		return "\x00" + text
	}
	return b
}

func integer(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return "bad test value: " + err.Error()
	}
	return n
}
