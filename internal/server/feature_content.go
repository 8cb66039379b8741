//go:build !without_content

package server

import "github.com/tidings-io/tidings/internal/content"

func init() { registered = append(registered, content.Feature) }
