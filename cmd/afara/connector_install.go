package main

import (
	"fmt"
	"strings"

	shelf "github.com/afara-dev/afara/engine/catalog"
)

// directory is the one directory that a change is made in.
func (c *catalog) directory() (string, error) {
	if len(c.PluginDirs) != 1 {
		return "", fmt.Errorf("plugin-dirs: names %d directories (%s), and a change is made in one: name it with --plugin-dirs", len(c.PluginDirs), strings.Join(c.PluginDirs, ", "))
	}
	return c.PluginDirs[0], nil
}

// settings are where the connectors are.
type connectorSettings struct {
	File string `name:"config" help:"YAML file of settings, the one of afara serve." var:"AFARA_CONFIG" placeholder:"FILE" group:"Installation:"`
	catalog
}

// trustFlags are the operator's policy.
type trustFlags struct {
	Trust          []string `help:"Key ids of authors that you have asked, for connectors that are new here." placeholder:"KEYID,..."`
	TrustedKeys    string   `name:"trusted-keys" help:"Directory of .pub files of authors that you trust." var:"AFARA_TRUSTED_KEYS" placeholder:"DIR"`
	AllowUnsigned  bool     `name:"allow-unsigned" help:"Take a package that nobody signed." var:"AFARA_ALLOW_UNSIGNED"`
	AllowDowngrade bool     `name:"allow-downgrade" help:"Take a version below the active one."`
	ChangeSigner   bool     `name:"change-signer" help:"Take a package of another signer than before."`
}

func (f trustFlags) policy() shelf.Policy {
	return shelf.Policy{
		Trust: f.Trust, TrustedKeys: f.TrustedKeys, AllowUnsigned: f.AllowUnsigned,
		AllowDowngrade: f.AllowDowngrade, ChangeSigner: f.ChangeSigner,
	}
}

type connectorInstallCmd struct {
	connectorSettings
	trustFlags
	Package string `arg:"" help:"Folder or .tar.gz file."`
}

// Run installs a connector that is not there yet.
func (c *connectorInstallCmd) Run(p program) error {
	return c.change(p, func(dir string) (shelf.Installed, error) { return shelf.Install(dir, c.Package, c.policy()) })
}

type connectorUpgradeCmd struct {
	connectorSettings
	trustFlags
	Package string `arg:"" help:"Folder or .tar.gz file."`
}

// Run installs another version of a connector that is there.
func (c *connectorUpgradeCmd) Run(p program) error {
	return c.change(p, func(dir string) (shelf.Installed, error) { return shelf.Upgrade(dir, c.Package, c.policy()) })
}

type connectorRollbackCmd struct {
	connectorSettings
	Name string `arg:"" help:"Name of the connector."`
}

// Run goes back, or forth again.
func (c *connectorRollbackCmd) Run(p program) error {
	return c.change(p, func(dir string) (shelf.Installed, error) { return shelf.Rollback(dir, c.Name) })
}

// takenBy says when nodes take a change of the directory.
const takenBy = "Running nodes keep what they have until a reload is ordered (POST /si/connectors/registry/NAME/reload). Where none was ever ordered, a restart does it too."

// change makes a change and says what is active after it.
func (c *connectorSettings) change(p program, do func(dir string) (shelf.Installed, error)) error {
	dir, err := c.directory()
	if err != nil {
		return err
	}
	in, err := do(dir)
	if err != nil {
		return err
	}
	kept := ""
	if in.Previous != "" {
		kept = ", kept: " + in.Previous
	}
	fmt.Fprintln(p.err, takenBy)
	_, err = fmt.Fprintf(p.out, "%s %s is active, signer: %s%s\n", in.Name, in.Version, in.Signer, kept)
	return err
}

type connectorRemoveCmd struct {
	connectorSettings
	Name string `arg:"" help:"Name of the connector."`
}

// Run removes all versions.
func (c *connectorRemoveCmd) Run(p program) error {
	dir, err := c.directory()
	if err != nil {
		return err
	}
	if err := shelf.Remove(dir, c.Name); err != nil {
		return err
	}
	fmt.Fprintln(p.err, takenBy)
	_, err = fmt.Fprintln(p.out, "removed", c.Name)
	return err
}
