package oro_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/oro"
)

// answering returns a webhook with one answer.
func answering(answer string) *oro.Webhook {
	return oro.NewWebhook(func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil })
}

func TestTheWebhookIsAskedForAUser(t *testing.T) {
	var question string
	webhook := oro.NewWebhook(func(_ context.Context, text []byte) ([]byte, error) {
		question = string(text)
		return []byte(`{"user": {"id": 7, "username": "anna", "password": "$2y$13$x", "enabled": false, "organizations": [1, 2], "roles": ["ROLE_USER"]}}`), nil
	})
	user, err := webhook.Find(t.Context(), `an"na`)
	want := &oro.User{ID: 7, Username: "anna", Password: "$2y$13$x", Organizations: []int64{1, 2}, Roles: []string{"ROLE_USER"}}
	if err != nil || !reflect.DeepEqual(user, want) {
		t.Errorf("the user is %+v, %v", user, err)
	}
	if question != `{"event":"oro_user","name":"an\"na"}` {
		t.Errorf("the question is %s", question)
	}
}

func TestAnUnknownUserIsNull(t *testing.T) {
	if user, err := answering(`{"user": null}`).Find(t.Context(), "anna"); user != nil || err != nil {
		t.Errorf("the user is %+v, %v", user, err)
	}
	never := oro.NewWebhook(func(context.Context, []byte) ([]byte, error) { return nil, errors.New("asked") })
	for _, name := range []string{"", "\xff", "a\x00", strings.Repeat("a", 256)} {
		if user, err := never.Find(t.Context(), name); user != nil || err != nil {
			t.Errorf("%q is %+v, %v", name, user, err)
		}
	}
}

func TestAWebhookThatFailsIsAnError(t *testing.T) {
	broken := errors.New("the webhook answered with status 500")
	webhook := oro.NewWebhook(func(context.Context, []byte) ([]byte, error) { return nil, broken })
	if _, err := webhook.Find(t.Context(), "anna"); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnswersOfTheWrongFormAreRefused(t *testing.T) {
	const start = `{"user": {"id": 7, "username": "anna", "password": "a hash", `
	for answer, want := range map[string]string{
		``:                               "no JSON object",
		`null`:                           `the member "user"`,
		`[]`:                             "no JSON object",
		`{}`:                             `the member "user"`,
		`{"user": null, "more": 1}`:      "no other",
		`{"user": null} {}`:              "no JSON object",
		`{"user": 7}`:                    "must be an object",
		`{"user": []}`:                   "must be an object",
		`{"user": {}}`:                   `"id" must be a number from 1`,
		`{"user": {"id": "7"}}`:          `"/id" has the wrong type (string)`,
		`{"user": {"id": 0}}`:            `"id" must be a number from 1`,
		`{"user": {"id": 7.5}}`:          `"/id" has the wrong type (number)`,
		`{"user": {"id": 7}}`:            `"username" must have 1 to 255 characters`,
		`{"user": {"id": 7, "id": 8}}`:   "no JSON object",
		`{"user": {"hash": "a hash"}}`:   `unknown member "/hash"`,
		start + `"enabled": "yes"}}`:     `"/enabled" has the wrong type (string)`,
		start + `"roles": []}}`:          `"enabled" must be true or false`,
		start + `"enabled": null}}`:      `"enabled" must be true or false`,
		start + `"Enabled": true}}`:      `unknown member "/Enabled"`,
		start + `"roles": "ROLE_USER"}}`: `"/roles" has the wrong type (string)`,
		start + `"enabled": true, "roles": [""]}}`:                                                 `each of "roles" must have 1 to 255 characters`,
		start + `"enabled": true, "organizations": ["1"]}}`:                                        `"/organizations/0" has the wrong type (string)`,
		`{"user": {"id": 7, "username": "anna"}}`:                                                  `"password" must be the stored hash`,
		`{"user": {"id": 7, "username": "` + "\xff" + `"}}`:                                        "no JSON object",
		start + `"enabled": true, "organizations": [` + strings.Repeat("1,", 10_000) + `1]}}`:      "at most 10000 entries",
		`{"user": {"id": 7, "username": "anna", "password": "` + strings.Repeat("x", 1025) + `"}}`: "with 1 to 1024 bytes",
	} {
		user, err := answering(answer).Find(t.Context(), "anna")
		switch {
		case err == nil:
			t.Errorf("%.80s is %+v", answer, user)
		case !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "read the webhook's answer for the user: "):
			t.Errorf("%.80s: the error is %q, want %q", answer, err, want)
		case strings.Contains(err.Error(), "a hash"):
			t.Errorf("%.80s: the error has the password: %q", answer, err)
		}
	}
}
