package reference

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/schemas"
)

func (p *page) operations(m *schemas.Manifest) error {
	p.line("## Operations")
	var rows [][]string
	for _, op := range m.Operations {
		settles := ""
		if op.Effect != schemas.EffectNone {
			settles = duration(op.SettlesAfter)
		}
		lookup := ""
		if op.Lookup != "" {
			lookup = "`" + op.Lookup + "`"
		}
		name := "`" + op.Name + "`"
		if op.SandboxOnly {
			name += " (sandbox only)"
		}
		rows = append(rows, []string{name, op.Title, op.Effect, duration(op.Deadline), lookup, settles})
	}
	p.table([]string{"operation", "what it does", "effect", "deadline", "look-up", "settles after"}, rows)
	for _, op := range m.Operations {
		if err := p.operation(op); err != nil {
			return fmt.Errorf("operation %s: %w", op.Name, err)
		}
	}
	return nil
}

func (p *page) operation(op schemas.Operation) error {
	p.line("### %s", op.Name)
	p.line("%s.", strings.TrimSuffix(op.Title, "."))
	for _, part := range []struct {
		name     string
		own      json.RawMessage
		standard schemas.ID
	}{
		{"input", op.Input, schemas.OperationInput(op.Name)},
		{"output", op.Output, schemas.OperationOutput(op.Name)},
	} {
		if err := p.part(part.name, part.own, part.standard); err != nil {
			return err
		}
	}
	return nil
}

// part is a table of one side of an operation.
func (p *page) part(name string, schema json.RawMessage, standard schemas.ID) error {
	if schema == nil {
		raw, err := schemas.Source(standard)
		if err != nil {
			return err
		}
		schema = raw
	}
	all, err := fields(schema)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		p.line("Its %s is empty.", name)
		return nil
	}
	var rows [][]string
	for _, f := range all {
		required := ""
		if f.required {
			required = "required"
		}
		rows = append(rows, []string{"`" + f.path + "`", f.kind, required, f.rules, f.meaning})
	}
	p.table([]string{name, "type", "", "rules", "meaning"}, rows)
	return nil
}

// doubt says what follows when nobody knows whether an effect happened.
func (p *page) doubt(m *schemas.Manifest) {
	p.line("## When an outcome is unknown")
	var keyed, unkeyed, looked []string
	for _, op := range m.Operations {
		name := "`" + op.Name + "`"
		switch op.Effect {
		case schemas.EffectKeyed:
			keyed = append(keyed, name)
		case schemas.EffectUnkeyed:
			unkeyed = append(unkeyed, name)
		default:
			continue
		}
		if op.Lookup != "" {
			looked = append(looked, fmt.Sprintf("%s by `%s`", name, op.Lookup))
		}
	}
	if len(keyed)+len(unkeyed) == 0 {
		p.line("No operation changes anything at the vendor, so each may be asked again.")
		return
	}
	p.line("An effect is never repeated on a doubt. A lost, late or unreadable answer is `unknown_outcome`, and so is the vendor's word that a reference is used already; then the engine looks it up (%s).", listOr(looked, "no operation has a look-up: a person decides"))
	p.line("A look-up proves that nothing happened only when it began after the call's deadline and \"settles after\" had passed; until then, and whenever it cannot tell, the doubt stays.")
	if len(keyed) > 0 {
		p.line("Guarded by the vendor against a second time: %s. Not found twice after that time, they are sent again under the same key.", strings.Join(keyed, ", "))
	}
	if len(unkeyed) > 0 {
		p.line("Not guarded: %s. After a doubt only a person sends them again.", strings.Join(unkeyed, ", "))
	}
}

// duration is as a manifest writes it.
func duration(d schemas.Duration) string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func listOr(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}
