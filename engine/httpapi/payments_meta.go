package httpapi

import "net/http"

// metaView is what the payments API can do.
type metaView struct {
	Version      string   `json:"api_version"`
	Capabilities []string `json:"capabilities"`
	MinSDK       string   `json:"min_sdk_version"`
	Changelog    string   `json:"changelog_url"`
}

func (a *api) getMeta(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, metaView{
		Version: sandpayVersion,
		Capabilities: []string{
			"payments", "refunds", "disbursements", "webhooks", "test_clients", "multi_environment", "commission_split", "order_linkage", "reference_format",
		},
		MinSDK:    "0.2.0",
		Changelog: "https://github.com/afara-dev/afara/blob/main/docs/changelog.md",
	})
}

func (a *api) getHealth(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, map[string]string{"status": "ok"})
}
