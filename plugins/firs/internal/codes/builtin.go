package codes

// meaningOf is the built-in list: the authority's as recorded in May 2025.
func meaningOf(code string) (string, bool) {
	switch code {
	case "380":
		return "Credit Note", true
	case "381":
		return "Commercial Invoice", true
	case "384":
		return "Debit Note", true
	case "385":
		return "Self Billed Invoice", true
	case "386":
		return "Factored Invoice", true
	case "388":
		return "Statement of Account", true
	case "389":
		return "Purchase Order", true
	case "390":
		return "Proforma Invoice", true
	case "392":
		return "Consignment Invoice", true
	case "393":
		return "Self-billed Credit Note", true
	case "394":
		return "Self-billed Invoice", true
	case "395":
		return "Credit Note Request", true
	case "396":
		return "Invoice Request", true
	case "397":
		return "Final Settlement", true
	case "399":
		return "Bill of Lading", true
	case "400":
		return "Waybill", true
	case "402":
		return "Shipping Instructions", true
	case "404":
		return "Certificate of Origin", true
	case "406":
		return "Customs Declaration", true
	case "408":
		return "Packing List", true
	}
	return "", false
}
