//go:build !without_maintenance

package server

import "github.com/tidings-io/tidings/internal/maintenance"

func init() { registered = append(registered, maintenance.Feature) }
