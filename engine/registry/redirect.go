package registry

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// redirected refuses other hosts in settings that keep a secret behind its mask:
// who may change a connection but not see its secrets could else have them sent
// to a host of his own.
func redirected(was, is json.RawMessage) (faults []domain.FieldError) {
	before := hostsIn(was)
	for pointer, host := range hostsIn(is) {
		if before[pointer] != host {
			faults = append(faults, domain.FieldError{
				Pointer: "/settings" + pointer, Code: "secret_masked", Detail: "names another host than before, and a secret stands there as its mask: what is kept would be sent to the new host",
				Fix: "send the secrets themselves together with the new address",
			})
		}
	}
	slices.SortFunc(faults, func(a, b domain.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	return faults
}

// hostsIn are the schemes and hosts of all addresses in settings, by place.
func hostsIn(settings json.RawMessage) map[string]string {
	var tree any
	if json.Unmarshal(settings, &tree) != nil {
		return nil // the schema's check says so
	}
	hosts := map[string]string{}
	addHosts(hosts, "", tree)
	return hosts
}

func addHosts(hosts map[string]string, at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			addHosts(hosts, at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), member)
		}
	case []any:
		for i, item := range v {
			addHosts(hosts, at+"/"+strconv.Itoa(i), item)
		}
	case string:
		if u, err := url.Parse(v); err == nil && u.Host != "" {
			hosts[at] = strings.ToLower(u.Scheme + "://" + u.Host)
		}
	}
}
