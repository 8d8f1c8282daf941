package simulator

import (
	"embed"
	"encoding/csv"
	"strconv"
	"strings"
)

//go:embed resources/*.csv
var tables embed.FS

// codeSet is a fixed list of codes for checking.
type codeSet map[string]struct{}

func (c codeSet) has(code string) bool {
	_, found := c[code]
	return found
}

// The lists that the checks use, made once and never changed.
var (
	countries     = column("countries.csv")
	currencies    = column("currencies.csv")
	invoiceTypes  = column("invoice_types.csv")
	taxCategories = column("tax_categories.csv")
)

func column(file string) codeSet {
	set := codeSet{}
	for _, row := range rows(file) {
		set[row[0]] = struct{}{}
	}
	return set
}

// rows reads an embedded table. The tables are part of the program and a test
// reads each, so a fault in one shows there as a missing list.
func rows(file string) [][]string {
	f, err := tables.Open("resources/" + file)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // read only
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil
	}
	return all
}

// resource answers a code list. Choice: hs-codes, services-codes,
// vat-exemptions, lgas and payment-means are short samples; the service's lists
// are long, or not public.
func (s *Simulator) resource(rq *request) *answer {
	list, known := map[string]func() any{
		"countries": countryRows, "currencies": currencyRows,
		"invoice-types":  func() any { return pairs("invoice_types.csv") },
		"payment-means":  func() any { return pairs("payment_means.csv") },
		"states":         func() any { return named("states.csv", "name", "code") },
		"lgas":           func() any { return named("lgas.csv", "name", "code", "state_code") },
		"services-codes": func() any { return named("services_codes.csv", "code", "description") },
		"hs-codes":       func() any { return named("hs_codes.csv", "hscode", "description") },
		"vat-exemptions": func() any {
			return named("vat_exemptions.csv", "heading_no", "harmonized_system_code", "tariff_category", "tariff", "description")
		},
		"tax-categories": taxCategoryRows,
	}[rq.PathValue("name")]
	if !known {
		return noRoute()
	}
	return data(list())
}

type pair struct {
	Code  string `json:"code"`
	Value string `json:"value"`
}

func pairs(file string) []pair {
	list := []pair{}
	for _, r := range rows(file) {
		list = append(list, pair{r[0], r[1]})
	}
	return list
}

func named(file string, names ...string) []map[string]string {
	list := []map[string]string{}
	for _, r := range rows(file) {
		m := make(map[string]string, len(names))
		for i, name := range names {
			m[name] = r[i]
		}
		list = append(list, m)
	}
	return list
}

func countryRows() any {
	type country struct {
		Name   string `json:"name"`
		Alpha2 string `json:"alpha_2"`
		Alpha3 string `json:"alpha_3"`
		Code   string `json:"country_code"`
		ISO    string `json:"iso_3166_2"`
	}
	list := []country{}
	for _, r := range rows("countries.csv") {
		list = append(list, country{Name: r[3], Alpha2: r[0], Alpha3: r[1], Code: r[2], ISO: "ISO 3166-2:" + r[0]})
	}
	return list
}

func currencyRows() any {
	type currency struct {
		Code     string `json:"code"`
		Symbol   string `json:"symbol"`
		Name     string `json:"name"`
		Digits   int    `json:"decimal_digits"`
		Rounding int    `json:"rounding"`
	}
	list := []currency{}
	for _, r := range rows("currencies.csv") {
		digits, _ := strconv.Atoi(r[1]) // a digit
		list = append(list, currency{Code: r[0], Symbol: r[0], Name: r[0], Digits: digits})
	}
	return list
}

func taxCategoryRows() any {
	type category struct {
		Code    string `json:"code"`
		Value   string `json:"value"`
		Percent string `json:"percent"`
	}
	list := []category{}
	for _, r := range rows("tax_categories.csv") {
		value := strings.ReplaceAll(strings.ToLower(r[0]), "_", " ")
		list = append(list, category{Code: r[0], Value: value, Percent: r[1]})
	}
	return list
}
