package main

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
)

// envCmd looks after environments.
type envCmd struct {
	Create envCreateCmd `cmd:"" help:"Make an environment; shows its signing secret, once."`
	List   envListCmd   `cmd:"" help:"List environments."`
	Rotate envRotateCmd `cmd:"" help:"Make a new signing secret; shows it, once."`
}

type envCreateCmd struct {
	installation
	Organisation  string `help:"Id of the organisation (afara org list)." required:"" placeholder:"ORG"`
	Kind          string `help:"sandbox or production." enum:"sandbox,production" required:"" placeholder:"KIND"`
	Mode          string `help:"How invoices travel: SI registers them with the authority." enum:"SI" default:"SI" placeholder:"MODE"`
	Name          string `help:"Name, unique in the organisation; default: the kind." placeholder:"NAME"`
	AllowHTTP     bool   `name:"allow-http" help:"Let callbacks go to http URLs; else https only."`
	AllowLoopback bool   `name:"allow-loopback" help:"Let callbacks go to this machine, on the allowlist or not; sandbox only, for development."`
}

// Run prints the new environment's id and signing secret.
func (c *envCreateCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		env, err := o.tenants.CreateEnvironment(ctx, tenant.NewEnvironment{
			Organisation: domain.OrganisationID(c.Organisation), Name: c.Name, Kind: domain.EnvironmentKind(c.Kind),
			Mode: domain.InvoiceMode(c.Mode), AllowHTTP: c.AllowHTTP, AllowLoopback: c.AllowLoopback,
		})
		if err != nil {
			return err
		}
		secrets, err := o.tenants.SigningSecrets(ctx, env.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "environment     %s\nsigning secret  %s  (shown this once)\n", env.ID, secrets[0])
		return err
	})
}

type envListCmd struct {
	installation
	Organisation string `help:"Only those of this organisation." placeholder:"ORG"`
}

// Run prints a table.
func (c *envListCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		all, err := o.tenants.Environments(ctx, domain.OrganisationID(c.Organisation))
		head := []string{"ID", "ORGANISATION", "NAME", "KIND", "MODE", "HTTP", "LOOPBACK", "CREATED"}
		return list(p.out, head, all, err, func(e tenant.Environment) []string {
			return []string{
				string(e.ID), string(e.Organisation), e.Name, string(e.Kind), string(e.Mode),
				yesNo(e.AllowHTTP), yesNo(e.AllowLoopback), day(e.CreatedAt),
			}
		})
	})
}

type envRotateCmd struct {
	installation
	Environment string        `arg:"" help:"Id of the environment (afara env list)."`
	Overlap     time.Duration `help:"How long the old secret signs too: 0 to 168h." default:"24h"`
}

// Run prints the new signing secret.
func (c *envRotateCmd) Run(ctx context.Context, p program) error {
	return c.with(ctx, p, func(o *office) error {
		env, err := o.environment(ctx, c.Environment)
		if err != nil {
			return err
		}
		shown, err := o.tenants.RotateSigningSecret(ctx, env.ID, c.Overlap, "operator")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "signing secret  %s  (shown this once; the old one signs too for %s)\n", shown, c.Overlap)
		return err
	})
}
