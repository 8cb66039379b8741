package transport

import "testing"

func TestRecordsKeepTheirOrderAroundABatch(t *testing.T) {
	shard := newShard(&Server{})
	s := &tlsSocket{socket: &epollSocket{conn: &conn{shard: shard}, fd: -1}}

	s.loading = true
	for _, record := range []string{"our first, ", "what reading answers, ", "our second"} {
		if n, err := s.write([]byte(record)); n != len(record) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	if got := string(s.loaded); got != "our first, what reading answers, our second" {
		t.Errorf("loaded %q", got)
	}

	s.loading, s.underway = false, true
	if n, err := s.write([]byte("what came meanwhile")); n != len("what came meanwhile") || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if len(shard.ready) != 1 {
		t.Error("nobody was told that something is kept")
	}
	s.unload([]byte("what was left, "))
	if got := string(s.kept); got != "what was left, what came meanwhile" || s.underway {
		t.Errorf("kept %q", got)
	}
	if loaded, err := s.load(nil, []byte("more")); loaded != nil || err != nil {
		t.Errorf("loaded %q, %v beside what is kept", loaded, err)
	}
}
