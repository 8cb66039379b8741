package cluster

import (
	"errors"
	"fmt"
)

// maxKeyBytes bounds a key before encoding, which makes it three times as long at most. The store keeps all keys in
// memory.
const maxKeyBytes = 512

var errEmptyKey = errors.New("a key must not be empty")

// encodeKey returns any text as one token of a NATS subject: letters, digits, dash and underscore stay, every other
// byte becomes "=" and two hexadecimal digits. Otherwise dots, stars and angle brackets would address other keys.
func encodeKey(key string) (string, error) {
	if key == "" {
		return "", errEmptyKey
	}
	if len(key) > maxKeyBytes {
		return "", fmt.Errorf("a key has at most %d bytes, this one has %d", maxKeyBytes, len(key))
	}
	encoded := make([]byte, 0, len(key)+8)
	for i := range len(key) {
		if c := key[i]; plain(c) {
			encoded = append(encoded, c)
		} else {
			encoded = fmt.Appendf(encoded, "=%02X", c)
		}
	}
	return string(encoded), nil
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
