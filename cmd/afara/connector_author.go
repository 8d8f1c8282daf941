package main

import (
	"fmt"

	shelf "github.com/afara-dev/afara/engine/catalog"
)

type connectorKeygenCmd struct {
	File string `arg:"" help:"Where to: FILE.key stays with you, FILE.pub goes to operators."`
}

// Run makes both files and prints the key's id.
func (c *connectorKeygenCmd) Run(p program) error {
	id, err := shelf.GenerateKey(c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "%s.key signs: keep it secret, and keep a copy: connectors are pinned to it. Publish the id and %s.pub.\n", c.File, c.File)
	_, err = fmt.Fprintln(p.out, id)
	return err
}

type connectorPackCmd struct {
	Folder string `arg:"" help:"Folder with manifest.json and programs in bin/OS_ARCH/NAME."`
	Out    string `help:"The package; default NAME-VERSION.tar.gz here." placeholder:"FILE"`
}

// Run makes an unsigned package.
func (c *connectorPackCmd) Run(p program) error {
	made, err := shelf.Pack(c.Folder, c.Out)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.err, "Not signed yet: afara connector sign.")
	_, err = fmt.Fprintln(p.out, made.Path)
	return err
}

type connectorSignCmd struct {
	Package string `arg:"" help:"Folder or .tar.gz file."`
	Key     string `help:"File of afara connector keygen that ends in .key." required:"" placeholder:"FILE"`
}

// Run signs, and prints who did.
func (c *connectorSignCmd) Run(p program) error {
	key, err := shelf.ReadPrivateKey(c.Key)
	if err != nil {
		return err
	}
	made, err := shelf.Sign(c.Package, key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s %s signed by %s\n", made.Name, made.Version, made.Signer)
	return err
}
