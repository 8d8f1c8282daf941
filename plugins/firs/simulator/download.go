package simulator

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
)

// download answers a signed invoice as ciphertext, to its seller or its buyer.
func (s *Simulator) download(rq *request) *answer {
	s.mu.Lock()
	r := s.book.record(rq.irn)
	var body []byte
	if r != nil && (r.business == rq.owner.BusinessID || r.customerTIN == rq.owner.TIN) {
		body = r.body
	}
	s.mu.Unlock()
	if body == nil { // unknown, or older than Options.KeepBodies
		return unknownIRN()
	}
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv) // never fails
	block, err := aes.NewCipher(rq.owner.cipher)
	if err != nil { // the key file was changed by hand
		return broken(500)
	}
	return data(struct {
		IV   string `json:"iv_hex"`
		Data string `json:"data"`
	}{hex.EncodeToString(iv), base64.URLEncoding.EncodeToString(encryptCFB(block, iv, body))})
}

// encryptCFB is cipher feedback over whole blocks, as the service uses it; the
// standard library has put its own aside.
func encryptCFB(block cipher.Block, iv, plain []byte) []byte {
	out := make([]byte, len(plain))
	feedback, stream := iv, make([]byte, block.BlockSize())
	for i := 0; i < len(plain); i += block.BlockSize() {
		block.Encrypt(stream, feedback)
		end := min(i+block.BlockSize(), len(plain))
		for j := i; j < end; j++ {
			out[j] = plain[j] ^ stream[j-i]
		}
		feedback = out[i:end]
	}
	return out
}
