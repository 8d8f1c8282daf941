package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/audit"
)

// auditCmd lists what persons did.
type auditCmd struct {
	installation
	Environment string `help:"Id of the environment (afara env list)." required:"" placeholder:"ENV"`
	Actor       string `help:"Only deeds of this key, or of operator." placeholder:"KEY"`
	Action      string `help:"Only deeds of this kind, e.g. webhook.create." placeholder:"ACTION"`
	Subject     string `help:"Only what was done to this id or name." placeholder:"ID"`
	Limit       int    `help:"So many, the newest first; up to 1000." default:"50" placeholder:"N"`
}

// maxAuditList bounds what one command prints; the API has pages.
const maxAuditList = 1000

// Run prints a table.
func (c *auditCmd) Run(ctx context.Context, p program) error {
	if c.Limit < 1 || c.Limit > maxAuditList {
		return fmt.Errorf("limit: %d is not between 1 and %d; GET /si/audit has pages for more", c.Limit, maxAuditList)
	}
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		deeds, err := audit.New(o.store)
		if err != nil {
			return err
		}
		all, err := deeds.List(ctx, env.ID, audit.Filter{Actor: c.Actor, Action: c.Action, Subject: c.Subject, Limit: c.Limit})
		return list(p.out, []string{"AT", "ACTOR", "ACTION", "SUBJECT", "DETAIL"}, all, err, func(e audit.Entry) []string {
			return []string{day(e.At), e.Actor, e.Action, e.Subject, strings.Join(strings.Fields(e.Detail), " ")}
		})
	})
}
