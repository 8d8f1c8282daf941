package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
)

// keysCmd looks after API keys.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make an API key; shows it, once."`
	List   keysListCmd   `cmd:"" help:"List an environment's keys, without their secrets."`
	Revoke keysRevokeCmd `cmd:"" help:"End a key; running nodes refuse it within two seconds."`
}

type keysCreateCmd struct {
	installation
	Environment string   `help:"Id of the environment (afara env list)." required:"" placeholder:"ENV"`
	Scopes      []string `help:"What the key may do: read, write, ops." default:"read,write" placeholder:"SCOPE,..."`
	Description string   `help:"Whose key it is, or what for." placeholder:"TEXT"`
	Format      string   `help:"How it is written: afara (keyId:secret) or sandpay (sp_sk_test_…). Every route takes both." enum:"afara,sandpay" default:"afara"`
}

// Run prints the key alone on standard output, for scripts, and the advice
// beside it.
func (c *keysCreateCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		scopes := make([]domain.Scope, len(c.Scopes))
		for i, s := range c.Scopes {
			scopes[i] = domain.Scope(s)
		}
		shown, k, err := o.tenants.MintKey(ctx, tenant.NewKey{Environment: env.ID, Scopes: scopes, Description: c.Description, Format: tenant.KeyFormat(c.Format)})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.err, "Shown this once: only a hash of it is stored. Send it as \"Authorization: Bearer <key>\"; afara keys revoke knows it as %s.\n", k.ID)
		_, err = fmt.Fprintln(p.out, shown)
		return err
	})
}

type keysListCmd struct {
	installation
	Environment string `help:"Id of the environment (afara env list)." required:"" placeholder:"ENV"`
}

// Run prints a table.
func (c *keysListCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		all, err := o.tenants.ListKeys(ctx, env.ID)
		return list(p.out, []string{"ID", "BEGINS WITH", "SCOPES", "DESCRIPTION", "CREATED", "REVOKED"}, all, err, func(k tenant.Key) []string {
			scopes, begins := make([]string, len(k.Scopes)), "its id"
			for i, s := range k.Scopes {
				scopes[i] = string(s)
			}
			if k.Format == tenant.FormatSandPay {
				begins = k.Begins
			}
			return []string{string(k.ID), begins, strings.Join(scopes, ","), k.Description, day(k.CreatedAt), day(k.RevokedAt)}
		})
	})
}

type keysRevokeCmd struct {
	installation
	Environment string `help:"Id of the key's environment." required:"" placeholder:"ENV"`
	Key         string `arg:"" help:"Id of the key (afara keys list)."`
}

// Run ends the key.
func (c *keysRevokeCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		if err := o.tenants.RevokeKey(ctx, env.ID, domain.KeyID(c.Key)); err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.out, "revoked", c.Key)
		return err
	})
}
