// Package reference owns the page that is made of a connector's manifest: its
// settings, its operations with their effects, and what its errors mean.
package reference

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// Markdown writes the page. The same manifest gives the same bytes.
func Markdown(m *schemas.Manifest) ([]byte, error) {
	p := &page{}
	p.line("# %s %s", m.Name, m.Version)
	p.line("<!-- made of the manifest by: afara connector docs -->")
	p.line("%s. %s", strings.TrimSuffix(m.Title, "."), m.Description)
	if m.Documentation != "" {
		p.line("More: <%s>", m.Documentation)
	}
	p.line("An environment may use it for: %s. It speaks version %d of the connector contract.", strings.Join(m.Capabilities, ", "), m.ProtocolVersion)
	if err := p.settings(m); err != nil {
		return nil, err
	}
	if err := p.operations(m); err != nil {
		return nil, err
	}
	p.doubt(m)
	p.pulled(m)
	p.limits(m)
	p.errors(m)
	return p.bytes(), nil
}

// page collects paragraphs.
type page struct{ out bytes.Buffer }

// line is a paragraph, or a heading.
func (p *page) line(format string, args ...any) {
	fmt.Fprintf(&p.out, format+"\n\n", args...)
}

func (p *page) table(head []string, rows [][]string) {
	write := func(cells []string) { fmt.Fprintf(&p.out, "| %s |\n", strings.Join(cells, " | ")) }
	write(head)
	write(slices.Repeat([]string{"---"}, len(head)))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(strings.Join(strings.Fields(cell), " "), "|", `\|`)
		}
		write(cells)
	}
	p.out.WriteByte('\n')
}

func (p *page) bytes() []byte { return append(bytes.TrimRight(p.out.Bytes(), "\n"), '\n') }

func (p *page) settings(m *schemas.Manifest) error {
	p.line("## Settings")
	rows, err := fields(m.Settings)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if len(rows) == 0 {
		p.line("It has none.")
		return nil
	}
	var cells [][]string
	for _, f := range rows {
		words := []string{}
		if f.required {
			words = append(words, "required")
		}
		if f.secret {
			words = append(words, "secret")
		}
		cells = append(cells, []string{"`" + f.path + "`", f.kind, strings.Join(words, ", "), f.fallback, f.rules, f.meaning})
	}
	p.table([]string{"setting", "type", "", "default", "rules", "meaning"}, cells)
	choices, err := alternatives(m.Settings)
	if err != nil {
		return err
	}
	if len(choices) > 0 {
		p.line("Of these one at least must be given: %s.", strings.Join(choices, "; or "))
	}
	p.line("Secrets are sealed in the store, and masked in answers and logs.")
	return nil
}

func (p *page) pulled(m *schemas.Manifest) {
	if len(m.Streams) > 0 {
		p.line("## Streams")
		var rows [][]string
		for _, s := range m.Streams {
			rows = append(rows, []string{"`" + s.Name + "`", s.Title, string(s.Document)})
		}
		p.table([]string{"stream", "what it lists", "schema of its records"}, rows)
	}
	if len(m.Webhooks) > 0 {
		p.line("## Webhooks")
		var rows [][]string
		for _, w := range m.Webhooks {
			rows = append(rows, []string{"`" + w.Name + "`", w.Title})
		}
		p.table([]string{"kind", "what it says"}, rows)
	}
}

func (p *page) limits(m *schemas.Manifest) {
	p.line("## Limits")
	inFlight, message := "as many as the engine allows", "what the contract allows"
	if l := m.Limits; l != nil && l.MaxInFlight > 0 {
		inFlight = fmt.Sprint(l.MaxInFlight)
	}
	if l := m.Limits; l != nil && l.MaxMessageBytes > 0 {
		message = fmt.Sprintf("%d bytes", l.MaxMessageBytes)
	}
	p.line("Calls at one time: %s. Largest message: %s (at most %d bytes).", inFlight, message, sdk.MaxMessageBytes)
	for _, r := range m.RateLimits {
		about := "all operations"
		if len(r.Operations) > 0 {
			about = strings.Join(r.Operations, ", ")
		}
		p.line("The vendor allows %d requests in %s for each %s: %s.", r.Requests, duration(r.Per), r.Scope, about)
	}
	if k := m.ReferenceKey; k != nil {
		p.line("A document's number becomes the vendor's reference: %s", keyRule(k))
	}
}

func keyRule(k *schemas.ReferenceKey) string {
	var parts []string
	if k.Strip != "" {
		parts = append(parts, fmt.Sprintf("the characters `%s` are dropped", k.Strip))
	}
	if k.Case != "" {
		parts = append(parts, k.Case+" case")
	}
	return strings.Join(append(parts, fmt.Sprintf("the whole must match `%s`", k.Pattern), fmt.Sprintf("at most %d characters.", k.MaxLength)), ", ")
}
