package mbs

// Sale is the report of a sale to a consumer. The authority wants every value
// as a string.
type Sale struct {
	AgentTIN            string `json:"agent_tin"` // the seller's
	BaseAmount          string `json:"base_amount"`
	BeneficiaryTIN      string `json:"beneficiary_tin"` // the buyer's, or empty
	Currency            string `json:"currency"`
	ItemDescription     string `json:"item_description"`
	IRN                 string `json:"irn"`
	OtherTaxes          string `json:"other_taxes"`
	TotalAmount         string `json:"total_amount"`
	TransactionDate     string `json:"transaction_date"` // YYYY-MM-DD
	IntegratorServiceID string `json:"integrator_service_id"`
	VATCalculated       string `json:"vat_calculated"`
	VATRate             string `json:"vat_rate"`
	VATStatus           string `json:"vat_status"`
}
