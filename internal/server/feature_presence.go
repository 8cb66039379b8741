//go:build !without_presence

package server

import "github.com/tidings-io/tidings/internal/presence"

func init() { registered = append(registered, presence.Feature) }
