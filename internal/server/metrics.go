package server

import (
	"cmp"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/httplimit"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/transport"
)

// routeBuckets range from 10 microseconds, the time of a publication to a few sessions, to 2.6 seconds.
var routeBuckets = prometheus.ExponentialBuckets(10e-6, 4, 10)

// metrics holds the metrics of /metrics. It has its own registry, so an embedding program keeps the default one.
type metrics struct {
	registry *prometheus.Registry
	publish  prometheus.Histogram
	fanout   prometheus.Histogram
	call     prometheus.Histogram
	requests *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		publish: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tidings_publish_duration_seconds", Buckets: routeBuckets,
			Help: "Time from a publication's arrival at the router until it is in the outboxes of all its receivers.",
		}),
		fanout: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tidings_publish_receivers", Buckets: prometheus.ExponentialBuckets(1, 10, 6),
			Help: "Events that one publication caused.",
		}),
		call: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tidings_call_duration_seconds", Buckets: prometheus.DefBuckets,
			Help: "Time from a call until its result, the callee's work included.",
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tidings_http_request_duration_seconds", Buckets: prometheus.DefBuckets,
			Help: "Time to answer HTTP requests, WebSockets excluded.",
		}, []string{"method", "route", "status"}),
	}
	m.registry.MustRegister(m.publish, m.fanout, m.call, m.requests,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds the counters of the parts, which are read at each scrape.
func (m *metrics) watch(s *Server) { m.registry.MustRegister(partsCollector{s}) }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Published implements [meter.Probe].
func (m *metrics) Published(took time.Duration, events int) {
	m.publish.Observe(took.Seconds())
	m.fanout.Observe(float64(events))
}

// Called implements [meter.Probe].
func (m *metrics) Called(took time.Duration) { m.call.Observe(took.Seconds()) }

// answered counts one HTTP request. Labels have few values: the route is the pattern, and unknown methods are
// "other".
func (m *metrics) answered(method, pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(method, pattern, strconv.Itoa(status)).Observe(took.Seconds())
}

// partsCollector reads the counters of all parts at a scrape.
type partsCollector struct{ server *Server }

// Describe implements [prometheus.Collector]. It sends nothing, because the metrics are known only at a scrape.
func (partsCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c partsCollector) Collect(out chan<- prometheus.Metric) {
	w := metricWriter{out}
	w.router(c.server.router.Stats())
	w.transport(c.server.transport.Stats())
	w.http(c.server.httpLimit.Stats())
	w.parts(c.server)
	w.handlers(c.server)
	w.contracts(c.server)
}

// metricWriter sends the present values of metrics.
type metricWriter struct{ out chan<- prometheus.Metric }

type sample struct {
	name, help string
	value      float64
}

// label is a name and a value.
type label struct{ name, value string }

func (w metricWriter) gauge(s sample)                { w.write(prometheus.GaugeValue, s) }
func (w metricWriter) counter(s sample, by ...label) { w.write(prometheus.CounterValue, s, by...) }

func (w metricWriter) write(kind prometheus.ValueType, s sample, by ...label) {
	var names, values []string
	for _, l := range by {
		names, values = append(names, l.name), append(values, l.value)
	}
	w.out <- prometheus.MustNewConstMetric(prometheus.NewDesc("tidings_"+s.name, s.help, names, nil), kind, s.value, values...)
}

func (w metricWriter) router(s meter.Stats) {
	w.gauge(sample{"sessions", "Sessions that are joined.", float64(s.Sessions)})
	w.gauge(sample{"subscriptions", "Topics and patterns that somebody subscribes to.", float64(s.Subscriptions)})
	w.gauge(sample{"registrations", "Procedures that are registered.", float64(s.Registrations)})
	w.gauge(sample{"outbox_frames", "Messages that wait to be written, over all clients.", float64(s.OutboxFrames)})
	w.gauge(sample{"outbox_bytes", "Bytes that wait to be written, over all clients.", float64(s.OutboxBytes)})
	w.gauge(sample{"kept_topics", "Topics with retained events or a history.", float64(s.KeptTopics)})
	w.gauge(sample{"kept_bytes", "Memory for retained events and histories.", float64(s.KeptBytes)})
	w.counter(sample{"not_kept_total", "Publications that were refused because they could not be kept.", float64(s.NotKept)})
	w.counter(sample{"kept_dropped_total", "Topics whose retained events and history were given up for lack of room.", float64(s.KeptDropped)})
	w.counter(sample{"journal_writes_total", "Records that were written to the journal in the data folder.", float64(s.RecordsWritten)})
	w.counter(sample{"journal_reads_total", "Records that were read from the journal in the data folder.", float64(s.RecordsRead)})
	w.counter(sample{"publications_total", "Publications.", float64(s.Publications)})
	w.counter(sample{"events_total", "Events put into a client's outbox.", float64(s.Events)})
	w.counter(sample{"encodings_total", "Events encoded: once for each encoding, not for each client.", float64(s.Encodings)})
	w.counter(sample{"calls_total", "Calls that were answered.", float64(s.Calls)})
	w.counter(sample{"calls_unqueued_total", "Messages of calls that had no room in the outbox of their receiver.", float64(s.Unqueued)})
	w.counter(sample{"refusals_total", "Requests that the router answered with ERROR.", float64(s.Refusals)})
	w.counter(sample{"unanswered_refusals_total", "Requests that were refused without an answer, because their sender expects none.", float64(s.Unanswered)})
	w.counter(sample{"payload_errors_total", "Messages that were refused because their payload cannot be passed on.", float64(s.BadPayloads)})
	w.counter(sample{"rate_waits_total", "Times that a client had to wait because it sent too fast.", float64(s.RateWaits)})
	w.counter(sample{"drops_total", "Events that were not delivered.", float64(s.Unsendable)}, label{"reason", "not_expressible"})
	w.counter(sample{"drops_total", "Events that were not delivered.", float64(s.SkippedLatest)}, label{"reason", "latest"})
	w.counter(sample{"drops_total", "Events that were not delivered.", float64(s.SkippedGap)}, label{"reason", "gap"})
	w.counter(sample{"drops_total", "Events that were not delivered.", float64(s.SkippedTotal)}, label{"reason", "outbox_total"})
	w.counter(sample{"outbox_total_closes_total", "Clients that were closed as slow because too much waited for all clients.", float64(s.ClosedTotal)})
	w.gauge(sample{"sessions_behind", "Sessions whose client does not keep up.", float64(s.Behind)})
	w.gauge(sample{"sessions_thinned", "Sessions that get fewer events than are published.", float64(s.Thinned)})
	for _, reason := range outbox.CloseReasons() {
		w.counter(sample{"closes_total", "Conversations that ended.", float64(s.Closes[reason])}, label{"reason", reason.String()})
	}
}

func (w metricWriter) transport(s transport.Stats) {
	w.gauge(sample{"connections", "WebSocket connections that are open.", float64(s.Connections)})
	w.counter(sample{"connections_total", "WebSocket connections that were opened.", float64(s.Accepted)})
	w.counter(sample{"received_bytes_total", "Bytes read from WebSockets.", float64(s.BytesIn)})
	w.counter(sample{"sent_bytes_total", "Bytes written to WebSockets.", float64(s.BytesOut)})
	w.counter(sample{"received_frames_total", "WebSocket frames read.", float64(s.FramesIn)})
	w.counter(sample{"sent_frames_total", "WebSocket frames written.", float64(s.FramesOut)})
	w.counter(sample{"read_calls_total", "System calls that read from connections.", float64(s.Reads)})
	w.counter(sample{"write_calls_total", "System calls that wrote to connections.", float64(s.Writes)})
	w.counter(sample{"slow_writes_total", "Times that a client did not take at once what it was sent.", float64(s.WrittenSlowly)})
	for refusal, n := range s.Refused {
		w.counter(sample{"handshakes_refused_total", "WebSocket handshakes that were refused.", float64(n)}, label{"reason", string(refusal)})
	}
	for answer, n := range s.Questions {
		w.counter(sample{"handshake_questions_total", "Questions of pages why their WebSocket was refused, by the answer.", float64(n)},
			label{"answer", cmp.Or(string(answer), "accepted")})
	}
	for closed, n := range s.Closed {
		w.counter(sample{"connections_closed_total", "WebSocket connections that were closed, by reason and code.", float64(n)},
			label{"reason", closed.Reason.String()}, label{"code", strconv.Itoa(closed.Code)})
	}
}

func (w metricWriter) http(s httplimit.Stats) {
	w.gauge(sample{"http_connections", "HTTP connections that are open, WebSockets excluded.", float64(s.Open)})
	w.counter(sample{"http_connections_refused_total", "HTTP connections that found no place.", float64(s.Refused)})
	const help = "HTTP connections that the server closed to protect itself."
	w.counter(sample{"http_connections_closed_total", help, float64(s.Evicted)}, label{"reason", "displaced"})
	w.counter(sample{"http_connections_closed_total", help, float64(s.Slow)}, label{"reason", "slow"})
}

// handlers writes the outcomes of queries to handlers, by the pattern of their contract.
func (w metricWriter) handlers(s *Server) {
	for contract, h := range s.policy.Hooks() {
		for outcome, n := range h.Counts() {
			w.counter(sample{"handler_answers_total", "Questions to handlers, by what became of them.", float64(n)},
				label{"contract", contract}, label{"outcome", outcome.String()})
		}
	}
}

// contracts writes the events and subscriptions of each contract.
func (w metricWriter) contracts(s *Server) {
	subscribers := s.realm.SubscribersByMeter()
	for contract, m := range s.policy.Meters() {
		by := label{"contract", contract}
		w.counter(sample{"contract_events_total", "Events put into a client's outbox, by the contract of their topic.", float64(m.Events.Load())}, by)
		w.write(prometheus.GaugeValue, sample{"contract_subscriptions", "Subscriptions of sessions, by the contract of their topic.", float64(subscribers[m])}, by)
	}
}

func (w metricWriter) parts(s *Server) {
	writable := 0.0
	if s.engine.Writable() {
		writable = 1
	}
	draining := 0.0
	if s.draining.Load() {
		draining = 1
	}
	w.write(prometheus.GaugeValue, sample{"build_info", "1, with the version of the server and of the Go that has built it.", 1},
		label{"version", Version()}, label{"goversion", runtime.Version()}, label{"revision", revision()})
	w.gauge(sample{"draining", "1 while the server stops and ends its sessions.", draining})
	w.gauge(sample{"store_writable", "1 while the store accepts writes, as far as is known.", writable})
	kept := s.journal.Stats()
	w.gauge(sample{"journal_bytes", "Bytes of the journal in the data folder.", float64(kept.Stored)})
	w.counter(sample{"journal_compactions_total", "Times that the journal in the data folder was compacted.", float64(kept.Compactions)})
	for outcome, name := range reloadOutcomes {
		w.counter(sample{"reloads_total", "Times that the configuration was read again.", float64(s.reloads[outcome].Load())}, label{"outcome", name})
	}
	w.counter(sample{"log_lines_dropped_total", "Lines of the log that were dropped because they could not be written.", float64(s.droppedLines())})
	for _, reason := range topic.Reasons() {
		w.counter(sample{"contract_refusals_total", "Requests that the contracts refused.", float64(s.policy.Refused(reason))},
			label{"reason", reason.String()})
	}
	for _, c := range s.current.Load().chain.Stats() {
		w.counter(sample{"authentications_total", "Attempts to authenticate.", float64(c.N)},
			label{"method", string(c.Method)}, label{"result", string(c.Result)})
	}
	for _, c := range s.components {
		if m, ok := c.Component.(feature.Meter); ok {
			m.Collect(w.feature)
		}
	}
}

// feature writes a value of a feature.
func (w metricWriter) feature(s feature.Sample) {
	kind := prometheus.GaugeValue
	if s.Kind == feature.Counter {
		kind = prometheus.CounterValue
	}
	w.write(kind, sample{s.Name, s.Help, s.Value})
}

// Interface guards.
var (
	_ meter.Probe          = (*metrics)(nil)
	_ prometheus.Collector = partsCollector{}
)
