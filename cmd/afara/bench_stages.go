package main

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type stageTime struct {
	name  string
	count float64
	mean  time.Duration
}

// stages reads the sums and counts of the engine's histograms.
func (h *benchHost) stages(ctx context.Context) map[string][2]float64 {
	out := map[string][2]float64{}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/metrics", nil)
	if err != nil {
		return out
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return out
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	for line := range strings.Lines(string(raw)) {
		readSample(out, strings.TrimSpace(line))
	}
	return out
}

// readSample adds a line of a histogram's _sum or _count to its name.
func readSample(out map[string][2]float64, line string) {
	if strings.HasPrefix(line, "#") {
		return
	}
	name, labels, _ := strings.Cut(line, "{")
	value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
	if err != nil {
		return
	}
	base, isSum := strings.CutSuffix(name, "_sum")
	base, isCount := strings.CutSuffix(base, "_count")
	if !isSum && !isCount || !strings.HasSuffix(base, "_seconds") || !strings.HasPrefix(base, "afara_") {
		return
	}
	key := strings.TrimSuffix(strings.TrimPrefix(base, "afara_"), "_seconds")
	for _, label := range []string{`stage="`, `event="`, `route="`} {
		if _, rest, ok := strings.Cut(labels, label); ok {
			text, _, _ := strings.Cut(rest, `"`)
			key += " " + text
		}
	}
	v := out[key]
	if isSum {
		v[0] += value
	} else {
		v[1] += value
	}
	out[key] = v
}

func since(before, after map[string][2]float64) []stageTime {
	var out []stageTime
	for name, v := range after {
		count := v[1] - before[name][1]
		if count > 0 {
			mean := time.Duration((v[0] - before[name][0]) / count * float64(time.Second))
			out = append(out, stageTime{name, count, mean})
		}
	}
	slices.SortFunc(out, func(a, b stageTime) int { return strings.Compare(a.name, b.name) })
	return out
}
