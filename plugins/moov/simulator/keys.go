package simulator

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Credentials are made of the simulator's secret and the user's name, so nothing
// of them is kept, and a restarted simulator knows them again.

// Account is all that a connection needs of a merchant.
type Account struct {
	Username string `json:"username"`
	Password string `json:"password"`
	// EncryptionKey is what tokens are made with. Choice: one for all merchants,
	// for a token has to be opened before it says whose it is.
	EncryptionKey  string `json:"encryptionKey"`
	PartnerID      string `json:"partnerId"`
	MerchantNumber string `json:"merchantNumber"`
	Country        string `json:"country"`
	Currency       string `json:"currency"`
}

// currency is that of all of Moov's wallets.
const currency = "XOF"

// blocks are what Moov's numbers begin with, and how many digits follow.
func blocks() map[string]struct {
	prefix string
	digits int
} {
	return map[string]struct {
		prefix string
		digits int
	}{"BJ": {"+2290195", 6}, "CI": {"+22501", 8}, "TG": {"+22896", 6}}
}

func (s *Simulator) mark(text string) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// Provision makes a merchant of a country.
func (s *Simulator) Provision(country string) (Account, error) {
	if _, served := blocks()[country]; !served {
		return Account{}, fmt.Errorf("country: %q; Moov serves BJ, CI and TG", country)
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	a, _ := s.account(strings.ToLower(country) + hex.EncodeToString(b[:]))
	return a, nil
}

var userName = regexp.MustCompile(`^(bj|ci|tg)[0-9a-f]{16}$`)

// account is the merchant with a user's name.
func (s *Simulator) account(user string) (Account, bool) {
	if !userName.MatchString(user) {
		return Account{}, false
	}
	country := strings.ToUpper(user[:2])
	block := blocks()[country]
	n, err := strconv.ParseUint(s.mark("number " + user)[:15], 16, 64)
	if err != nil {
		return Account{}, false
	}
	digits := fmt.Sprintf("%08d", n%100_000_000)
	return Account{
		Username: user, Password: s.mark("user " + user)[:32], EncryptionKey: s.encryptionKey(), PartnerID: "P" + s.mark("partner " + user)[:8],
		MerchantNumber: block.prefix + digits[:block.digits], Country: country, Currency: currency,
	}, true
}

func (s *Simulator) encryptionKey() string { return s.mark("encryption key")[:32] }

// logsIn finds the merchant of a name and password.
func (s *Simulator) logsIn(user, password string) (Account, bool) {
	a, known := s.account(user)
	return a, known && hmac.Equal([]byte(password), []byte(a.Password))
}

// opens finds the merchant of a token.
func (s *Simulator) opens(token string) (Account, bool) {
	plain, err := decrypt(token, s.encryptionKey())
	if err != nil {
		return Account{}, false
	}
	parts := strings.SplitN(plain, ":", 3)
	if len(parts) != 3 || parts[0] != "0" {
		return Account{}, false
	}
	return s.logsIn(parts[1], parts[2])
}

var errToken = errors.New("the token cannot be read")

// decrypt opens base64 of AES-256-CBC with an initial vector of zeros and PKCS #7.
func decrypt(token, key string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) == 0 || len(raw)%aes.BlockSize != 0 {
		return "", errToken
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", err
	}
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(raw, raw)
	pad := int(raw[len(raw)-1])
	if pad == 0 || pad > aes.BlockSize {
		return "", errToken
	}
	return string(raw[:len(raw)-pad]), nil
}
