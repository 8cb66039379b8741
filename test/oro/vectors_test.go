//go:build unix

package oro_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// vectors are tickets that Oro's own code has made.
var vectors = []struct{ username, password, nonce, ticket string }{
	{
		"anna", "$2y$13$Kq3nJt2o8bQ1uKpWm0d3XeH6iYc4rL9sTzVf5gBnA7jMxD2wE8oRu", "7e07cf94512934a0",
		"Rmg2eWFzdWZDNUMyWi9yNlp0M0RNcldDZVBkMnFWQW5udGlteHQvMWk0TllVM3g4UjZzR1RHZ0RsQ0VYbmJtTkRIV25IT202OTVUek1MNnFzNXZtNGc9PTthbm5hOzdlMDdjZjk0NTEyOTM0YTA7MjAyNi0xMS0yOFQwNjoyMDowNiswMDowMA==",
	},
	{
		"otto+ä", "$2y$13$s2Vv7Qm9kLpE4rTzUi6oXuA1cF3hJ5nB8dG0wY2xZ4qR6tV8mK1eS", "97aae948bc4b0fbe",
		"MEJYem5LTml3ejRLOCtqdFp3THVacFREYU5mZmlDM3NKak80VkVEZXR0Z2dKdlhPQy9QTkZ0ekZQSS81YWU1S1c5bVRxM285blJMM0ViUDliaFpONFE9PTtvdHRvK8OkOzk3YWFlOTQ4YmM0YjBmYmU7MjAyNi0xMS0yOFQwNjoyMDowNiswMDowMA==",
	},
	{
		"bert", "m0cS3Tqk9vQd1lqv6eJr0Jg8x0mUu3Bf1o3p5Wc8S4hT6k2bQyZ7aD9eF1gH3iJ5kL7mN9oP==", "4d87e021f6577591",
		"U0V2Ym9mQnJ3K2FJZHJrWXdrMUw5c3IzbXlPU0xWQkozNGxQVkRrSG9aa0VGOWMzOE1qY3cvcEpTMEpzZGh3THF2WENINUhpcVVKMlNGU0c1NmNyNnc9PTtiZXJ0OzRkODdlMDIxZjY1Nzc1OTE7MjAyNi0xMS0yOFQwNjoyMDowNiswMDowMA==",
	},
	{
		"", secret, "79e9a8a72dc5a578",
		"Y1M0SVp1cEhmTDc5dDB1dVJabjhjaGZENURIc1RxS3dydmZzOGk4Zk5WKzd2VVYwT0hiQTNJNnc2amMxR3JOUU81THhIUm5ENVNOenBQcUVHemJaNXc9PTs7NzllOWE4YTcyZGM1YTU3ODsyMDI2LTExLTI4VDA2OjIwOjA2KzAwOjAw",
	},
}

func TestTicketsOfTheTestsAreThoseOfTheApplication(t *testing.T) {
	b := startBackend(t, "")
	for _, v := range vectors {
		const created = "2026-11-28T06:20:06+00:00"
		if made := ticketWith(v.username, v.password, v.nonce, created); made != v.ticket {
			t.Errorf("%q: Go made %s", v.username, made)
		}
		said := b.must("ticket", options{"user": v.username, "password": v.password, "nonce": v.nonce, "created": created})
		if said.Ticket != v.ticket {
			t.Errorf("%q: PHP made %s", v.username, said.Ticket)
		}
	}
	own := b.must("ticket", options{"user": "anna", "password": "x", "timezone": "Asia/Kolkata"}).Ticket
	text, err := base64.StdEncoding.DecodeString(own)
	if parts := strings.Split(string(text), ";"); err != nil || len(parts) != 4 || len(parts[2]) != 16 || !strings.HasSuffix(parts[3], "+05:30") {
		t.Errorf("PHP made %q: %v", text, err)
	}
}
