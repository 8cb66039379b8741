package wamp_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/wamp"
)

// vectorFiles returns the specification's test vectors, which are not part of this repository.
func vectorFiles(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("TIDINGS_WAMP_VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "wamp-vectors")
	}
	files, err := filepath.Glob(filepath.Join(root, "singlemessage", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("no vectors of the WAMP specification in %s: set TIDINGS_WAMP_VECTORS to the testsuite folder of wamp-proto", root)
	}
	return files
}

type vectorFile struct {
	Samples []vectorSample `json:"samples"`
}

type vectorSample struct {
	Description string                           `json:"description"`
	Serializers map[string][]vectorVariant       `json:"serializers"` // nil: a validation sample
	Expected    map[string]any                   `json:"expected_attributes"`
	Wmsg        json.RawMessage                  `json:"wmsg"`
	WantErr     *struct{ Type, Contains string } `json:"expected_error"`
}

type vectorVariant struct {
	Bytes  string `json:"bytes"`
	Hex    string `json:"bytes_hex"`
	Base64 string `json:"bytes_base64"`
	Note   string `json:"note"`
}

func (v vectorVariant) frame(t *testing.T) []byte {
	t.Helper()
	var frame []byte
	var err error
	switch {
	case v.Hex != "":
		frame, err = hex.DecodeString(v.Hex)
	case v.Base64 != "":
		frame, err = base64.StdEncoding.DecodeString(v.Base64)
	default:
		frame = []byte(v.Bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestTheSpecificationsVectorsAreDecodedAndEncoded(t *testing.T) {
	for _, path := range vectorFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file vectorFile
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, sample := range file.Samples {
			name := strings.TrimSuffix(filepath.Base(path), ".json") + "/" + sample.Description
			t.Run(name, func(t *testing.T) {
				if sample.Serializers == nil {
					validateVector(t, sample)
					return
				}
				for _, e := range encodings {
					codeVector(t, e, sample)
				}
			})
		}
	}
}

func validateVector(t *testing.T, sample vectorSample) {
	t.Helper()
	_, err := wamp.V2JSON.Decode(sample.Wmsg)
	switch {
	case sample.WantErr == nil && err != nil:
		t.Errorf("%s: refused: %v", sample.Wmsg, err)
	case sample.WantErr == nil:
	case err == nil:
		t.Errorf("%s: accepted, although %s is wrong", sample.Wmsg, sample.WantErr.Contains)
	case !strings.HasPrefix(failure(err), "wamp.error."+sample.WantErr.Type+":") || !strings.Contains(err.Error(), sample.WantErr.Contains):
		t.Errorf("%s: refused with %q, which does not name %s", sample.Wmsg, err, sample.WantErr.Contains)
	}
}

func codeVector(t *testing.T, e wamp.Encoding, sample vectorSample) {
	t.Helper()
	variants := slices.DeleteFunc(slices.Clone(sample.Serializers[e.Serialization().String()]), func(v vectorVariant) bool {
		return strings.HasPrefix(v.Note, "BJData") // little-endian, so not UBJSON
	})
	if len(variants) == 0 {
		return
	}
	for _, variant := range variants {
		frame := variant.frame(t)
		m, err := e.Decode(frame)
		if err != nil {
			t.Fatalf("decode %s %q: %v", e.Subprotocol(), frame, err)
		}
		compareAttributes(t, m, sample.Expected)
		again, err := e.Append(nil, m)
		if err != nil {
			t.Fatalf("append %s: %v", e.Subprotocol(), err)
		}
		same := slices.ContainsFunc(variants, func(v vectorVariant) bool { return string(v.frame(t)) == string(again) })
		if same {
			continue
		}
		back, err := e.Decode(again) // only the order of keys may differ
		if err != nil {
			t.Fatalf("decode what was appended, %s %q: %v", e.Subprotocol(), again, err)
		}
		compareAttributes(t, back, sample.Expected)
		if len(again) != len(frame) && e.Binary() {
			t.Errorf("%s is %x, must be %x", e.Subprotocol(), again, frame)
		}
	}
}

// attributes has the vectors' names for the elements of the messages.
var attributes = map[wamp.Code]string{
	wamp.CodeHello:         "realm details",
	wamp.CodeWelcome:       "session_id details",
	wamp.CodeAbort:         "details reason args kwargs",
	wamp.CodeChallenge:     "method extra",
	wamp.CodeAuthenticate:  "signature extra",
	wamp.CodeGoodbye:       "details reason",
	wamp.CodeError:         "request_type request_id details error args kwargs",
	wamp.CodePublish:       "request_id options topic args kwargs",
	wamp.CodePublished:     "request_id publication_id",
	wamp.CodeSubscribe:     "request_id options topic",
	wamp.CodeSubscribed:    "request_id subscription_id",
	wamp.CodeUnsubscribe:   "request_id subscription_id",
	wamp.CodeUnsubscribed:  "request_id details",
	wamp.CodeEvent:         "subscription publication details args kwargs",
	wamp.CodeEventReceived: "publication_id",
	wamp.CodeCall:          "request_id options procedure args kwargs",
	wamp.CodeCancel:        "request_id options",
	wamp.CodeResult:        "request_id details args kwargs",
	wamp.CodeRegister:      "request_id options procedure",
	wamp.CodeRegistered:    "request_id registration_id",
	wamp.CodeUnregister:    "request_id registration_id",
	wamp.CodeUnregistered:  "request_id details",
	wamp.CodeInvocation:    "request_id registration_id details args kwargs",
	wamp.CodeInterrupt:     "request_id options",
	wamp.CodeYield:         "request_id options args kwargs",
}

// compareAttributes compares the expected attributes with the elements of the message's JSON.
func compareAttributes(t *testing.T, m wamp.Message, want map[string]any) {
	t.Helper()
	frame, err := wamp.V2JSON.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	var elements []any
	if err := json.Unmarshal(frame, &elements); err != nil {
		t.Fatal(err)
	}
	names, ok := attributes[m.Code()]
	if !ok {
		t.Fatalf("%s: the test does not know its attributes", m.Code())
	}
	got := map[string]any{"message_type": elements[0]}
	for i, name := range strings.Fields(names) {
		if i+1 < len(elements) {
			got[name] = elements[i+1]
		}
	}
	if opaque, ok := got["args"].(string); ok {
		payload, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(opaque, "\x00"))
		if err != nil {
			t.Fatal(err)
		}
		got["args"], got["payload"] = nil, hex.EncodeToString(payload)
	}
	if details, ok := got["details"].(map[string]any); ok {
		got["roles"] = details["roles"]
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s %s: -want +got\n%s", m.Code(), name, diff)
		}
	}
}
