package webhook

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// Headers that sign the body alone, in the payload formats finora and sandpay:
// "sha256=<hex>". Those of afara and digitax carry the bare hex (HeaderBody).
const (
	HeaderFinora  = "X-Finora-Signature"
	HeaderSandPay = "X-Sandpay-Signature"
)

// previous is what follows the name of such a header in the name of the one
// that carries the replaced secret's signature.
const previous = "-Previous"

// VerifyBody proves a signature over the body alone, hex with or without
// sha256= before it, for receivers that have nothing else. It cannot tell a
// replay: keep the event ids that were seen.
func VerifyBody(secrets []string, signature string, body []byte) error {
	given, err := hex.DecodeString(strings.TrimPrefix(signature, "sha256="))
	if err != nil {
		return fmt.Errorf("%w: the signature is not hexadecimal", ErrHeader)
	}
	if len(secrets) == 0 {
		return ErrNoSecret
	}
	for _, secret := range secrets {
		if secret != "" && hmac.Equal(macBody(secret, body), given) {
			return nil
		}
	}
	return ErrSignature
}

// VerifyBodyHeader is VerifyBody with the header of that name, or with the one
// that carries the previous secret's signature while a secret is being replaced:
// a receiver that does not have the new secret yet needs it.
func VerifyBodyHeader(secrets []string, header http.Header, name string, body []byte) error {
	signature, err := one(header, name)
	if err != nil {
		return err
	}
	err = VerifyBody(secrets, signature, body)
	if old := header.Values(name + previous); err != nil && len(old) == 1 {
		return VerifyBody(secrets, old[0], body)
	}
	return err
}
