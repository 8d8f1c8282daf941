package bus

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// mode is how the servers behind a URL share the data.
type mode int

const (
	modeSingle mode = iota
	modeSentinel
	modeCluster
)

// target is a URL, understood.
type target struct {
	mode               mode
	addrs              []string
	username, password string
	master             string
	db                 int
	tls                *tls.Config
}

// parseURL understands the forms that Config.URL lists. Its errors never
// repeat the URL: it may hold a password.
func parseURL(raw string) (target, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return target{}, errors.New("redis url: no scheme: write redis://host:port/0")
	}
	t := target{}
	switch scheme {
	case "redis", "rediss":
	case "redis+sentinel", "rediss+sentinel":
		t.mode = modeSentinel
	case "redis+cluster", "rediss+cluster":
		t.mode = modeCluster
	default:
		return target{}, fmt.Errorf("redis url: unknown scheme %q: use redis, rediss, redis+sentinel or redis+cluster", scheme)
	}
	hosts, err := t.cutHosts(rest)
	if err != nil {
		return target{}, err
	}
	if err := t.addHosts(hosts); err != nil {
		return target{}, err
	}
	if strings.HasPrefix(scheme, "rediss") {
		t.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return t, nil
}

// cutHosts takes user, path and query out of what follows the scheme and
// returns the hosts, which net/url cannot read when there are several.
func (t *target) cutHosts(rest string) (string, error) {
	if strings.Contains(rest, "#") {
		return "", errors.New("redis url: # is not allowed: write it as %23 in a password")
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if err := t.readUser(authority[:at]); err != nil {
			return "", err
		}
		authority = authority[at+1:]
	}
	if err := t.readPath(strings.TrimSuffix(path, "/")); err != nil {
		return "", err
	}
	return authority, t.readQuery(query)
}

func (t *target) readUser(info string) error {
	user, password, hasPassword := strings.Cut(info, ":")
	var err error
	if t.username, err = url.PathUnescape(user); err != nil {
		return errors.New("redis url: user name is not percent-encoded")
	}
	if hasPassword {
		if t.password, err = url.PathUnescape(password); err != nil {
			return errors.New("redis url: password is not percent-encoded: write %25 for %")
		}
	}
	return nil
}

func (t *target) readPath(path string) error {
	switch {
	case t.mode == modeSentinel && (path == "" || strings.Contains(path, "/")):
		return errors.New("redis url: no master name: write redis+sentinel://host:26379/mymaster")
	case t.mode == modeSentinel:
		t.master = path
		return nil
	case t.mode == modeCluster && path != "" && path != "0":
		return errors.New("redis url: a cluster has database 0 only: leave the path out")
	case path == "":
		return nil
	}
	return t.readDB(path)
}

func (t *target) readQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("redis url: query is not percent-encoded")
	}
	for name := range values {
		if name != "db" || t.mode == modeCluster {
			return fmt.Errorf("redis url: unknown parameter %q: only db is known, and not for a cluster", name)
		}
		if err := t.readDB(values.Get("db")); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) readDB(s string) error {
	db, err := strconv.Atoi(s)
	if err != nil || db < 0 {
		return fmt.Errorf("redis url: database %q is not a number from 0 on", s)
	}
	t.db = db
	return nil
}

func (t *target) addHosts(list string) error {
	port := "6379"
	if t.mode == modeSentinel {
		port = "26379"
	}
	for host := range strings.SplitSeq(list, ",") {
		u, err := url.Parse("redis://" + host)
		if err != nil || u.Hostname() == "" {
			return errors.New("redis url: a host is missing or misspelt: write host:port, several with commas")
		}
		t.addrs = append(t.addrs, joinHostPort(u, port))
	}
	if t.mode == modeSingle && len(t.addrs) > 1 {
		return errors.New("redis url: several hosts: use redis+sentinel or redis+cluster")
	}
	return nil
}

func joinHostPort(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return strings.TrimSuffix(u.Host, ":") + ":" + port
}
