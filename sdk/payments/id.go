package payments

import (
	"encoding/json"
	"errors"
)

// maxID is longer than any id.
const maxID = 100

// TransactionID finds the id in an answer that creates a transaction, whatever
// the service or what stands before it calls it: id, tx_id, txId,
// transaction_id, then data.id and payment.id.
func TransactionID(body []byte) (string, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return "", errors.New("the answer is no JSON object: it has no transaction id")
	}
	for _, name := range []string{"id", "tx_id", "txId", "transaction_id"} {
		if id := idOf(members[name]); id != "" {
			return id, nil
		}
	}
	for _, name := range []string{"data", "payment"} {
		var inner struct {
			ID json.RawMessage `json:"id"`
		}
		if json.Unmarshal(members[name], &inner) != nil {
			continue
		}
		if id := idOf(inner.ID); id != "" {
			return id, nil
		}
	}
	return "", errors.New("the answer has no transaction id: looked for id, tx_id, txId, transaction_id, data.id and payment.id")
}

// idOf is empty for what is no id.
func idOf(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) != nil || checkID(id) != nil {
		return ""
	}
	return id
}
