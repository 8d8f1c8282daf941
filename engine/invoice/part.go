package invoice

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// The parts of a Change that this package writes.
const (
	partNew     domain.PartKind = "invoice_new"
	partStaged  domain.PartKind = "invoice_staged"
	partEnded   domain.PartKind = "invoice_ended"
	partHeld    domain.PartKind = "invoice_held"
	partRedone  domain.PartKind = "invoice_redone"
	partCredit  domain.PartKind = "invoice_credit"
	partParties domain.PartKind = "invoice_parties"
	partSigned  domain.PartKind = "invoice_signed"
	partPaid    domain.PartKind = "invoice_paid"
	// Of money, which is counted by what the invoice has been paid before.
	partCollected domain.PartKind = "invoice_collected"
	partReturned  domain.PartKind = "invoice_returned"
	partReported  domain.PartKind = "invoice_reported"
	// Of the record that an invoice came from.
	partCameFrom    domain.PartKind = "invoice_came_from"
	partBecome      domain.PartKind = "invoice_become"
	partToldSource  domain.PartKind = "invoice_told_source"
	partWrittenBack domain.PartKind = "invoice_written_back"
	partWaitingBack domain.PartKind = "invoice_waiting_back"
)

// newRow inserts an invoice; its number is reserved by it.
type newRow struct{ Row }

func (newRow) PartOf() domain.PartKind { return partNew }

// Resource implements domain.ResourcePart.
func (n newRow) Resource() (string, domain.Resource) { return string(n.ID), n.Row }

// staged stores what the stages before `sent` gave.
type staged struct {
	ID          domain.InvoiceID
	IRN, QR     string
	ValidatedAt time.Time
}

func (staged) PartOf() domain.PartKind { return partStaged }

// ended moves an invoice out of From, the statuses it may have.
type ended struct {
	ID       domain.InvoiceID
	Status   Status
	From     []Status
	Reasons  []domain.FieldError
	SignedAt time.Time
	At       time.Time
	Refused  error
	// Report begins with a signature when the invoice was paid before; PaidAt is
	// when, as far as was known. Nil for any other end.
	Report Report
	PaidAt *time.Time
}

func (ended) PartOf() domain.PartKind { return partEnded }

// held shows that an invoice waits for a person; an empty reason, no longer.
type held struct {
	ID     domain.InvoiceID
	Reason string
	At     time.Time
}

func (held) PartOf() domain.PartKind { return partHeld }

// redone puts a corrected document in the place of the old one.
type redone struct {
	Row
	OldMessage domain.MessageID
	OldStatus  Status
	Refused    error
}

func (redone) PartOf() domain.PartKind { return partRedone }

// credit takes Amount hundredths of the original's credit; a negative amount
// gives it back.
type credit struct {
	Original domain.InvoiceID
	Amount   int64
}

func (credit) PartOf() domain.PartKind { return partCredit }

// parties remembers who bought and what was sold; what is known is left alone.
type parties struct {
	Environment domain.EnvironmentID
	Party       *schemas.Party
	PartyID     domain.PartyID
	Lines       []schemas.InvoiceLine
	Items       []domain.ItemID // of each line
	At          time.Time
}

func (parties) PartOf() domain.PartKind { return partParties }

// registerWriters tells the applier how the parts look in SQL. Parties come
// first and sorted: two transactions that insert the same rows in different
// orders would wait for each other.
func registerWriters(a *store.Applier) {
	a.Register(partParties, writeParties)
	a.Register(partNew, func(p domain.Part) ([]store.Statement, error) {
		return []store.Statement{insertRow(p.(newRow).Row)}, nil
	})
	a.Register(partCredit, writeCredit)
	a.Register(partRedone, writeRedone)
	a.Register(partStaged, writeStaged)
	a.Register(partEnded, writeEnded)
	a.Register(partHeld, writeHeld)
	a.Register(partPaid, writePaid)
	a.Register(partReported, writeReported)
	a.Register(partCameFrom, writeCameFrom)
	a.Register(partWrittenBack, writeWrittenBack)
	a.Register(partWaitingBack, writeWaitingBack)
}

func writeStaged(p domain.Part) ([]store.Statement, error) {
	s := p.(staged)
	return []store.Statement{{
		SQL:  `UPDATE invoice SET irn = $1, qr = $2, validated_at = $3, updated_at = $3 WHERE id = $4 AND status = 'DRAFT'`,
		Args: []any{s.IRN, s.QR, domain.Micros(s.ValidatedAt), s.ID}, Rows: 1,
	}}, nil
}

func writeEnded(p domain.Part) ([]store.Statement, error) {
	e := p.(ended)
	reasons, err := reasonsJSON(e.Reasons)
	if err != nil {
		return nil, fmt.Errorf("reasons: %w", err)
	}
	set, args := "", []any{e.Status, reasons, domain.Micros(e.SignedAt), domain.Micros(e.At)}
	if e.PaidAt != nil {
		set = `, report = $5, report_reason = $6, report_id = $7`
		args = append(args, e.Report.Status, e.Report.Reason, e.Report.Message)
	}
	where := fmt.Sprintf(`id = $%d AND status IN (%s)`, len(args)+1, marks(len(args)+1, len(e.From)))
	args = append(args, e.ID)
	for _, from := range e.From {
		args = append(args, from)
	}
	if e.PaidAt != nil {
		args = append(args, domain.Micros(*e.PaidAt))
		where += fmt.Sprintf(` AND paid_at = $%d`, len(args))
	}
	return []store.Statement{{
		SQL:  `UPDATE invoice SET status = $1, reasons = $2, signed_at = $3, held_reason = '', updated_at = $4` + set + ` WHERE ` + where,
		Args: args, Rows: 1, Err: e.Refused,
	}}, nil
}

func writeHeld(p domain.Part) ([]store.Statement, error) {
	h := p.(held)
	return []store.Statement{{
		SQL:  `UPDATE invoice SET held_reason = $1, updated_at = $2 WHERE id = $3 AND status = 'DRAFT'`,
		Args: []any{h.Reason, domain.Micros(h.At), h.ID}, Rows: 1,
	}}, nil
}

func writeRedone(p domain.Part) ([]store.Statement, error) {
	r := p.(redone)
	return []store.Statement{{
		SQL: `UPDATE invoice SET document_id = $1, message_id = $2, connection_id = $3, type_code = $4, currency = $5, payable = $6, status = 'DRAFT',
 payment_status = $7, held_reason = '', reasons = '', irn = '', qr = '', original_id = $8, party_id = $9, callback_url = $10, updated_at = $11, validated_at = 0,
 paid_at = $12, paid_by = $13
WHERE id = $14 AND message_id = $15 AND status = $16 AND paid = $17`,
		Args: []any{r.Document, r.Message, r.Connection, r.TypeCode, r.Currency, r.Payable, r.PaymentStatus, r.Original, r.Party, r.CallbackURL,
			domain.Micros(r.UpdatedAt), domain.Micros(r.PaidAt), r.PaidBy, r.ID, r.OldMessage, r.OldStatus, r.Paid},
		Rows: 1, Err: r.Refused,
	}}, nil
}

func writeCredit(p domain.Part) ([]store.Statement, error) {
	c := p.(credit)
	return []store.Statement{{
		SQL:  `UPDATE invoice SET credited = credited + $1 WHERE id = $2 AND status = 'COMPLETED' AND credited + $1 <= payable AND credited + $1 >= 0`,
		Args: []any{c.Amount, c.Original}, Rows: 1, Err: ErrOverCredited,
	}}, nil
}

func writeParties(p domain.Part) ([]store.Statement, error) {
	r := p.(parties)
	var out []store.Statement
	if r.PartyID != "" {
		out = append(out, store.Statement{
			SQL:  `INSERT INTO party (id, environment_id, name, tin, email, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
			Args: []any{r.PartyID, r.Environment, r.Party.PartyName, r.Party.TIN, r.Party.Email, domain.Micros(r.At)}, Rows: store.AnyRows,
		})
	}
	return append(out, writeItems(r)...), nil
}

// writeItems inserts the distinct items of all lines in one statement.
func writeItems(r parties) []store.Statement {
	ids := map[domain.ItemID]schemas.InvoiceLine{}
	for i, line := range r.Lines {
		ids[r.Items[i]] = line
	}
	sorted := make([]domain.ItemID, 0, len(ids))
	for id := range ids {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted)
	var out []store.Statement
	for chunk := range slices.Chunk(sorted, 100) {
		var values []string
		var args []any
		for _, id := range chunk {
			line := ids[id]
			values = append(values, "("+marks(len(args), 6)+")")
			args = append(args, id, r.Environment, line.Item.SellersItemIdentification, first(line.HSNCode, line.ISICCode), line.Item.Name, domain.Micros(r.At))
		}
		out = append(out, store.Statement{
			SQL:  `INSERT INTO item (id, environment_id, seller_id, code, name, created_at) VALUES ` + strings.Join(values, ", ") + ` ON CONFLICT (id) DO NOTHING`,
			Args: args, Rows: store.AnyRows,
		})
	}
	return out
}
