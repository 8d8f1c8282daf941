package schemas

// Payment is a collection, refund or disbursement by mobile money as it was
// accepted: the document of schema PaymentV1. Money is in whole units of the
// currency.
type Payment struct {
	Type          string `json:"type"`
	Transaction   string `json:"transaction"`
	Parent        string `json:"parent,omitempty"` // of a refund
	Reference     string `json:"reference"`
	OrderRef      string `json:"orderRef"`
	Amount        int64  `json:"amount"`
	CustomerTotal int64  `json:"customerTotal"`
	NetAmount     int64  `json:"netAmount"`
	Commission    int64  `json:"commission"`
	Currency      string `json:"currency"` // ISO 4217
	Operator      string `json:"operator"`
	Country       string `json:"country"` // ISO 3166-1 alpha-2
	MSISDN        string `json:"msisdn"`  // E.164
	Description   string `json:"description,omitempty"`
}
