package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// metrics reads the server's metrics.
type metrics struct {
	address, key string
	client       http.Client
}

const (
	metricsWithin = 10 * time.Second
	maxMetrics    = 8 << 20 // in bytes; Tidings has 30 KB
)

func newMetrics(address, key string) *metrics {
	// Each reading has its own connection. A kept one may have been closed by the server in the meantime.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	return &metrics{address: address, key: key, client: http.Client{Transport: transport, Timeout: metricsWithin}}
}

// reading has the metrics at one moment, by name and labels in the notation of the text format.
type reading map[string]float64

// The metrics that the bench reads.
const (
	metricCPU        = "process_cpu_seconds_total"
	metricMemory     = "process_resident_memory_bytes"
	metricMaxFiles   = "process_max_fds"
	metricOpenFiles  = "process_open_fds"
	metricSlowWrites = "tidings_slow_writes_total"
	metricCloses     = "tidings_closes_total"
	metricDrops      = "tidings_drops_total"
	metricProof      = "tidings_sessions" // a server without it is not Tidings
)

func (m *metrics) read(ctx context.Context) (reading, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.address, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", m.address, err)
	}
	if m.key != "" {
		request.Header.Set("Authorization", "Bearer "+m.key)
	}
	answer, err := m.client.Do(request)
	if err != nil {
		return nil, err // names the address
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read %s: the server answered %s", m.address, answer.Status)
	}
	r, err := parseMetrics(io.LimitReader(answer.Body, maxMetrics))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", m.address, err)
	}
	return r, nil
}

// parseMetrics reads the lines "name{labels} value" of the text format, and ignores all others.
func parseMetrics(text io.Reader) (reading, error) {
	r := reading{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := lines.Text()
		space := strings.LastIndexByte(line, ' ')
		if space < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(line[space+1:], 64); err == nil {
			r[line[:space]] = value
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if _, ok := r[metricProof]; !ok {
		return nil, errors.New("these are not the metrics of Tidings")
	}
	return r, nil
}

// since returns the growth of each counter since an earlier reading. Counters that have not grown are left out.
func (r reading) since(before reading) reading {
	grown := reading{}
	for name, value := range r {
		if d := value - before[name]; d > 0 {
			grown[name] = d
		}
	}
	return grown
}

// byLabel returns the values of a metric that has one label, by the label's value.
func (r reading) byLabel(name string) map[string]int {
	values := map[string]int{}
	for key, value := range r {
		if labels, ok := strings.CutPrefix(key, name+"{"); ok {
			_, label, _ := strings.Cut(labels, `"`)
			label, _, _ = strings.Cut(label, `"`)
			values[label] += int(value)
		}
	}
	return values
}
