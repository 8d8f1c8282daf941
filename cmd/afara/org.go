package main

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/tenant"
)

// orgCmd looks after organisations.
type orgCmd struct {
	Create orgCreateCmd `cmd:"" help:"Make an organisation; its name is unique."`
	List   orgListCmd   `cmd:"" help:"List all organisations."`
}

type orgCreateCmd struct {
	installation
	Name string `arg:"" help:"Name of the organisation."`
}

// Run prints the new organisation's id.
func (c *orgCreateCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		org, err := o.tenants.CreateOrganisation(ctx, c.Name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.out, org.ID)
		return err
	})
}

type orgListCmd struct{ installation }

// Run prints a table.
func (c *orgListCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		all, err := o.tenants.Organisations(ctx)
		return list(p.out, []string{"ID", "NAME", "CREATED"}, all, err, func(org tenant.Organisation) []string {
			return []string{string(org.ID), org.Name, day(org.CreatedAt)}
		})
	})
}
