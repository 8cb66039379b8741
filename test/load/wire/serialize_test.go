package wire_test

import (
	"testing"

	"github.com/tidings-io/tidings/test/load/wire"
)

func TestAPublicationIsWrittenInEachSerialization(t *testing.T) {
	const payload = `{"a":[1,-2.5,true,null],"b":"ü"}`
	for _, c := range []struct {
		serialization wire.Serialization
		want          string
	}{
		{wire.JSON, "\x81\xBB\x00\x00\x00\x00" + `[16,1,{},"load.fanout",[{"a":[1,-2.5,true,null],"b":"ü"}]]`},
		{wire.MessagePack, "\x82\xA6\x00\x00\x00\x00" +
			"\x95\x10\x01\x80\xABload.fanout\x91\x82\xA1a\x94\x01\xCB\xC0\x04\x00\x00\x00\x00\x00\x00\xC3\xC0\xA1b\xA2ü"},
		{wire.CBOR, "\x82\xA6\x00\x00\x00\x00" +
			"\x85\x10\x01\xA0\x6Bload.fanout\x81\xA2\x61a\x84\x01\xFB\xC0\x04\x00\x00\x00\x00\x00\x00\xF5\xF6\x61b\x62ü"},
	} {
		got := wire.WAMP{Serialization: c.serialization}.AppendPublish(nil, "load.fanout", []byte(payload))
		if string(got) != c.want {
			t.Errorf("got\n%q, want\n%q", got, c.want)
		}
	}
}
