package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// stage is what stands in the vendor's place during a run. Without recording and
// replay it is empty, and the connector asks the vendor itself.
type stage struct {
	settings []byte // with the proxies' addresses
	secrets  []string
	record   string
	proxies  []*proxy

	mu       sync.Mutex
	played   []*Exchange // to be replayed
	recorded int
	misses   []string
	failed   error
}

func (o Options) stage(settings map[string]any, secrets []string) (*stage, error) {
	s := &stage{secrets: secrets, record: o.Record}
	err := o.equip(s, settings)
	if err == nil {
		s.settings, err = json.Marshal(settings)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// equip puts a proxy in the place of each vendor, and its address into settings.
func (o Options) equip(s *stage, settings map[string]any) error {
	var err error
	switch {
	case o.Record != "" && o.Replay != "":
		return errors.New("record and replay: name one of them")
	case o.Replay != "":
		s.played, err = readFolder(o.Replay)
	case o.Record != "":
		err = newFolder(o.Record)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	names, err := o.vendors(settings)
	if err != nil {
		return err
	}
	for _, name := range names {
		text, _ := settings[name].(string)
		upstream, err := url.Parse(text)
		if err != nil || upstream.Host == "" {
			return fmt.Errorf("vendor: the setting %s holds no address", name)
		}
		p, err := s.newProxy(name, upstream, o.Replay == "")
		if err != nil {
			return err
		}
		s.proxies = append(s.proxies, p)
		settings[name] = p.address + upstream.EscapedPath()
	}
	return nil
}

// vendors are the settings that hold a vendor's address.
func (o Options) vendors(settings map[string]any) ([]string, error) {
	if len(o.Vendor) > 0 {
		return o.Vendor, nil
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		text, _ := settings[name].(string)
		if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("vendor: %d settings hold an address (%s); say which are the vendor's", len(found), strings.Join(found, ", "))
	}
	return found, nil
}

func (s *stage) close() {
	for _, p := range s.proxies {
		p.close()
	}
}

// keep records one exchange.
func (s *stage) keep(e *Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded++
	if s.recorded > maxExchanges {
		s.failed = fmt.Errorf("record: more than %d exchanges; make fewer requests", maxExchanges)
		return
	}
	s.failed = errors.Join(s.failed, e.write(s.record, s.recorded))
}

// next is the recording that answers a request, each once and in order; nil when
// there is none, which is noted.
func (s *stage) next(asked *Exchange) *Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	near := "record it, or leave it out"
	for _, e := range s.played {
		switch {
		case e.asks(asked) && !e.alreadyPlayed:
			e.alreadyPlayed = true
			return e
		case e.asks(asked):
			near = e.file + " has answered it already"
		case e.sameTarget(asked):
			near = e.file + " has another body"
		}
	}
	s.misses = append(s.misses, fmt.Sprintf("%s %s (%s): no recording; %s", asked.Method, asked.Target, asked.Setting, near))
	return nil
}

func (s *stage) missing() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.misses)
}

func (s *stage) unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range s.played {
		if !e.alreadyPlayed {
			out = append(out, e.file)
		}
	}
	return out
}

func (s *stage) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
