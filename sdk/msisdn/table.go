package msisdn

import (
	"fmt"
	"slices"
	"strings"
)

// Operator is a mobile-money operator.
type Operator string

// The operators whose numbers are known.
const (
	MTN    Operator = "mtn"
	Orange Operator = "orange"
	Moov   Operator = "moov"
	Airtel Operator = "airtel"
)

// Row says whose a block of numbers is.
type Row struct {
	Country Country
	// Prefix is what the block's national numbers begin with, in today's plan.
	Prefix string
	// Operator is empty for a block of somebody who is not asked through us.
	Operator Operator
}

// Table finds operators by the longest prefix. It does not change and may be
// used from many goroutines.
type Table struct {
	rows    map[Country]map[string]Operator
	longest int
}

// Default is the table of the package.
var Default = NewTable(defaultRows()...)

// NewTable makes a table of rows; a later row replaces one of the same prefix.
func NewTable(rows ...Row) *Table {
	t := &Table{rows: map[Country]map[string]Operator{}}
	for _, r := range rows {
		if t.rows[r.Country] == nil {
			t.rows[r.Country] = map[string]Operator{}
		}
		t.rows[r.Country][r.Prefix] = r.Operator
		t.longest = max(t.longest, len(r.Prefix))
	}
	return t
}

// With is the table with more rows, e.g. for a block that was assigned lately.
func (t *Table) With(rows ...Row) *Table { return NewTable(append(t.Rows(), rows...)...) }

// Rows are the table's, by country and prefix.
func (t *Table) Rows() []Row {
	var all []Row
	for _, p := range plans {
		var of []Row
		for prefix, operator := range t.rows[p.code] {
			of = append(of, Row{p.code, prefix, operator})
		}
		slices.SortFunc(of, func(a, b Row) int { return strings.Compare(a.Prefix, b.Prefix) })
		all = append(all, of...)
	}
	return all
}

// Detect says in which country and with which operator a number is. Numbers can
// be carried to another operator, so what a caller names explicitly outranks
// it. The error is an *Error with the code CodeCountry or CodeOperator.
func (t *Table) Detect(n Number) (Country, Operator, error) {
	c, national, ok := n.split()
	if !ok {
		return "", "", &Error{Code: CodeCountry, Detail: "The country cannot be told from the number: it is none of CI, BJ, TG and RW.",
			Fix: "Send the number with its country code, or name country and operator."}
	}
	national = c.renew(national)
	for length := min(t.longest, len(national)); length > 0; length-- {
		operator, found := t.rows[c.code][national[:length]]
		if !found {
			continue
		}
		if operator == "" {
			break
		}
		return c.code, operator, nil
	}
	return c.code, "", &Error{Code: CodeOperator, Country: c.code,
		Detail: fmt.Sprintf("The operator cannot be told from the number: its prefix in %s is of none of mtn, orange, moov and airtel.", c.code),
		Fix:    "Check the number, or name the operator."}
}

// Detect is Default.Detect.
func Detect(n Number) (Country, Operator, error) { return Default.Detect(n) }

// blocks are one operator's prefixes in one country.
type blocks struct {
	country  Country
	operator Operator
	prefixes []string
}

func defaultRows() (rows []Row) {
	for _, b := range []blocks{
		{CI, Moov, []string{"01"}},
		{CI, MTN, []string{"05"}},
		{CI, Orange, []string{"07"}},
		{BJ, MTN, []string{"0142", "0146", "0150", "0151", "0152", "0153", "0154", "0156", "0157", "0159", "0161", "0162", "0166", "0167", "0169", "0190", "0191", "0196", "0197"}},
		{BJ, Moov, []string{"0145", "0155", "0158", "0160", "0163", "0164", "0165", "0168", "0194", "0195", "0198", "0199"}},
		{BJ, "", []string{"0140", "0141", "0143", "0144", "0147", "0148", "0149", "0192", "0193"}}, // Celtiis
		{TG, "", []string{"70", "71", "72", "90", "91", "92", "93"}},                               // Togocom, now Yas
		{TG, Moov, []string{"78", "79", "96", "97", "98", "99"}},
		{RW, MTN, []string{"78", "79"}},
		{RW, Airtel, []string{"72", "73"}}, // 72 came with Tigo
		{RW, "", []string{"77"}},           // KtRN
	} {
		for _, prefix := range b.prefixes {
			rows = append(rows, Row{b.country, prefix, b.operator})
		}
	}
	return rows
}
