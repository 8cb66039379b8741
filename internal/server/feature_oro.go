//go:build !without_oro

package server

import "github.com/tidings-io/tidings/internal/oro"

func init() { registered = append(registered, oro.Feature) }
