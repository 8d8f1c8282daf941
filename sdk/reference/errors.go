package reference

import (
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

func (p *page) errors(m *schemas.Manifest) {
	p.line("## Errors")
	if len(m.Errors) == 0 {
		p.line("The manifest lists none of its own.")
	} else {
		p.table([]string{"code", "class", "meaning", "what to do"}, codes(m.Errors))
	}
	p.line("Those of every connector on the SDK:")
	p.table([]string{"code", "class", "meaning", "what to do"}, codes(sdk.StandardErrors()))
	p.line("What the engine does with each class:")
	p.table([]string{"class", "the message", "the connection"}, [][]string{
		{"`invalid`, `rejected`", "ends as refused, with every reason", "goes on"},
		{"`unsupported`", "ends as failed", "goes on"},
		{"`unauthorized`, `misconfigured`", "waits", "pauses and says why, until its check passes"},
		{"`rate_limited`, `unavailable`", "waits and is tried again; no attempt is spent", "goes on"},
		{"`unknown_outcome`", "is looked up, never sent again on a doubt", "goes on"},
		{"`internal`", "spends an attempt, is tried again, then held for a person", "goes on"},
	})
}

func codes(list []schemas.ErrorCode) [][]string {
	var rows [][]string
	for _, e := range list {
		rows = append(rows, []string{"`" + e.Code + "`", "`" + strings.Join(e.Classes, "`, `") + "`", e.Title, e.Fix})
	}
	return rows
}
