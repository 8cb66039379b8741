package transport

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// asksWhy reports whether a request asks for the reason of a refusal. A browser hides the response to a handshake from
// its page, so a page that cannot connect asks by a POST without a body to the same address. Such a request needs no
// preflight, and the answer says nothing that the handshake would not say.
func asksWhy(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get("Upgrade") == ""
}

// answers are the reasons that the answer to a question can have.
var answers = []Refusal{RefusedBody, RefusedOrigin, RefusedFull, RefusedDraining, RefusedPath}

// explain answers a question by the checks that a handshake passes before anything is done for it. It takes no place of
// a connection, and redeems no ticket.
func (s *Server) explain(w http.ResponseWriter, r *http.Request) {
	wrong := s.admission(r)
	if wrong != nil {
		s.questions.refuse(wrong.Reason)
		s.logRefusal(r.Context(), wrong, s.RemoteAddr(r).String())
		s.writeRefusal(w, r, wrong)
		return
	}
	s.questions.accepted.Add(1)
	const accepted = `{"accepted":true}`
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(accepted)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if _, err := w.Write([]byte(accepted)); err != nil {
		s.log.DebugContext(r.Context(), "an answer could not be written", "error", err)
	}
}

// admission refuses a request for which a handshake with the same origin would be refused.
func (s *Server) admission(r *http.Request) *refusal {
	if wrong := checkBody(r); wrong != nil {
		return wrong
	}
	by := s.current.Load()
	if wrong := by.checkOrigin(r, by.remoteOf(r)); wrong != nil {
		return wrong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasRoomLocked(false)
}

// WantsWebSocket reports whether a request is a handshake, also one whose Upgrade a proxy has removed, or the question
// of a page why its handshake was refused.
func WantsWebSocket(r *http.Request) bool {
	if r.Method == http.MethodPost {
		return asksWhy(r) && r.ContentLength == 0 && strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain")
	}
	return r.Header.Get("Sec-WebSocket-Key") != "" || hasToken(r.Header, "Upgrade", "websocket")
}

// RefusePath answers a request for a WebSocket where there is none. path is the one of WebSockets.
func (s *Server) RefusePath(w http.ResponseWriter, r *http.Request, path string) {
	asked := cut(r.URL.Path)
	wrong := refuse(http.StatusNotFound, RefusedPath, "there is no WebSocket at "+asked+": the path of WebSockets is "+path)
	if asksWhy(r) {
		s.questions.refuse(RefusedPath)
	} else {
		s.handshakes.refuse(RefusedPath)
	}
	s.notePath(r.Context(), wrong, asked, path)
	s.writeRefusal(w, r, wrong)
}

// NotePath counts and logs a handshake that another handler has answered with 404.
func (s *Server) NotePath(r *http.Request, path string) {
	s.handshakes.refuse(RefusedPath)
	s.notePath(r.Context(), refuse(http.StatusNotFound, RefusedPath, "there is no WebSocket at this path"), cut(r.URL.Path), path)
}

func (s *Server) notePath(ctx context.Context, wrong *refusal, asked, path string) {
	wrong.notice = notice{key: asked, about: []any{"path", asked}, fix: "connect to " + path}
	if prefix, behind := strings.CutSuffix(asked, path); behind {
		wrong.notice.fix = "a proxy has passed the request on with the prefix " + prefix +
			": have it remove the prefix; with nginx: location " + prefix + "/ { proxy_pass http://the-server:port/; } with the slash at the end"
		wrong.Detail += "; a proxy in between must remove the prefix " + prefix
	}
	s.logRefusal(ctx, wrong, "")
}

// writeRefusal answers a request that is no long-poll. A page of every origin may read the answer, because a browser
// hides that of a handshake.
func (s *Server) writeRefusal(w http.ResponseWriter, r *http.Request, wrong *refusal) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	if err := wrong.write(w); err != nil {
		s.log.DebugContext(r.Context(), "a refusal could not be written", "error", err)
	}
}
